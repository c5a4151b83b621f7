package html

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"limier/casefile"
)

// mostNodes of one kind are drawn; the list below the picture has all.
const mostNodes = 12

// The boxes of the picture, and where they begin.
const boxW, boxH, gapY, top = 158.0, 42.0, 14.0, 40.0

// graph draws addresses, exploits, shells, processes and files in columns,
// joined by what led to what.
func graph(w *words, v *casefile.Activity) template.HTML {
	if len(v.Graph.Edges) == 0 {
		return ""
	}
	stacks, names, more := columns(v)
	if len(stacks) < 2 {
		return "" // one column leads to nothing
	}
	tallest := 0
	for _, list := range stacks {
		tallest = max(tallest, len(list))
	}
	d := &drawing{width: 960, height: top + float64(tallest)*(boxH+gapY) + 24}
	gapX := min((d.width-8-boxW*float64(len(stacks)))/float64(len(stacks)-1), 150)
	d.width = max(d.width, 8+boxW*float64(len(stacks))+gapX*float64(len(stacks)-1)) // a narrow picture would be blown up
	type place struct {
		x, y   float64
		column int
	}
	at := map[string]place{}
	for i, list := range stacks {
		y := top + (float64(tallest)-float64(len(list)))*(boxH+gapY)/2
		for _, n := range list {
			at[n.ID] = place{4 + float64(i)*(boxW+gapX), y, i}
			y += boxH + gapY
		}
	}
	lanes := 0
	for _, e := range v.Graph.Edges {
		a, okA := at[e.From]
		b, okB := at[e.To]
		if !okA || !okB {
			continue
		}
		class := "edge " + string(e.Kind)
		title := fmt.Sprintf("%s (%s)", w.verb(string(e.Kind)), iso(e.First))
		if e.Count > 1 {
			title = fmt.Sprintf("%s ×%d (%s – %s)", w.verb(string(e.Kind)), e.Count, iso(e.First), iso(e.Last))
		}
		x1, y1, x2, y2 := a.x+boxW, a.y+boxH/2, b.x, b.y+boxH/2
		if a.column == b.column {
			x2 = b.x + boxW
			d.add(`<path d="M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f" class="%s"><title>%s</title></path>`, x1, y1, x1+26, y1, x2+26, y2, x2, y2, class, safe(title))
			continue
		}
		if b.column > a.column+1 { // around the boxes between, or it would seem to end there
			longest := 0
			for _, list := range stacks[a.column+1 : b.column] {
				longest = max(longest, len(list))
			}
			lane := top + (float64(tallest)+float64(longest))*(boxH+gapY)/2 + 6 + 7*float64(lanes%6)
			lanes++
			from, to := x1+gapX, x2-gapX
			d.height = max(d.height, lane+28)
			d.add(`<path d="M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f L%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f" class="%s"><title>%s</title></path>`,
				x1, y1, x1+gapX/2, y1, x1+gapX/2, lane, from, lane, to, lane, x2-gapX/2, lane, x2-gapX/2, y2, x2, y2, class, safe(title))
			continue
		}
		bend := (x2 - x1) / 2
		d.add(`<path d="M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f" class="%s"><title>%s</title></path>`, x1, y1, x1+bend, y1, x2-bend, y2, x2, y2, class, safe(title))
	}
	for i, list := range stacks {
		x := 4 + float64(i)*(boxW+gapX)
		d.text(x, 18, "start", "group", w.t(names[i]))
		for _, n := range list {
			d.node(w, n, at[n.ID].x, at[n.ID].y)
		}
		if more[i] > 0 {
			d.text(x, d.height-6, "start", "tick", w.t("and %d more", more[i]))
		}
	}
	var kinds []string
	for i, list := range stacks {
		kinds = append(kinds, fmt.Sprintf("%s: %d", w.t(names[i]), len(list)+more[i]))
	}
	return d.finish("gr", w.t("What led to what"), strings.Join(kinds, ", ")+". "+w.t("The table below the picture says the same in words."))
}

// columns are the nodes of each column that holds any, its head, and how many
// are not drawn.
func columns(v *casefile.Activity) (stacks [][]casefile.Node, names []string, more []int) {
	kinds := [][]casefile.NodeKind{
		{casefile.NodeAddress}, {casefile.NodeExploit}, {casefile.NodeShell}, {casefile.NodeProcess}, {casefile.NodeFile, casefile.NodeAccount, casefile.NodeAct},
	}
	heads := []string{"Addresses", "Exploits", "Web shells", "Commands", "Files and accounts"}
	for i, kinds := range kinds {
		var list []casefile.Node
		for _, n := range v.Graph.Nodes {
			if slices.Contains(kinds, n.Kind) {
				list = append(list, n)
			}
		}
		if len(list) == 0 {
			continue
		}
		rest := max(0, len(list)-mostNodes)
		list = list[:len(list)-rest]
		stacks, names, more = append(stacks, list), append(names, heads[i]), append(more, rest)
	}
	return stacks, names, more
}

// node draws the box of a node.
func (d *drawing) node(w *words, n casefile.Node, x, y float64) {
	label := n.Label
	if n.Kind == casefile.NodeExploit || n.Kind == casefile.NodeAct {
		label = w.plainTitle(label)
	}
	hint := label
	if !n.Time.IsZero() {
		hint = iso(n.Time) + "  " + label
	}
	d.rect(x, y, boxW, boxH, 6, "node "+string(n.Kind), hint)
	text := x + 10
	if n.Cluster != "" {
		d.rect(x, y+6, 4, boxH-12, 2, "stripe c"+hue(n.Cluster), "")
		d.text(x+boxW-8, y+14, "end", "letter", n.Cluster)
	}
	class := "name"
	if n.Kind == casefile.NodeProcess || n.Kind == casefile.NodeAddress || n.Kind == casefile.NodeFile {
		class = "name mono"
	}
	if n.Kind == casefile.NodeProcess {
		label = withoutFolder(label)
	}
	wide := 19 // the group's letter stands at the right
	if class != "name" {
		wide = 18
	}
	lines := wrap(label, wide)
	if len(lines) == 1 {
		d.text(text, y+boxH/2+4, "start", class, lines[0])
	} else {
		d.text(text, y+17, "start", class, lines[0])
		d.text(text, y+32, "start", class, lines[1])
	}
}

var programFolder = regexp.MustCompile(`"?[A-Za-z]:\\(?:[^"\\]{1,100}\\)*([^"\\]+?\.exe)"?`)

// withoutFolder leaves out where the program of a command lies, which often is
// all that fits into its box.
func withoutFolder(command string) string {
	if m := programFolder.FindStringSubmatchIndex(command); m != nil {
		return command[:m[0]] + command[m[2]:m[3]] + command[m[1]:]
	}
	return command
}

// hue is the number of a cluster's colour.
func hue(name string) string {
	if name == "" {
		return "0"
	}
	return fmt.Sprint((int(name[len(name)-1]-'A') % 6) + 1)
}
