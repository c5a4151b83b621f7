package reading

import (
	"context"
	"slices"

	"limier/internal/linear"
)

// A TechniqueReport is a report with the places where ATT&CK techniques are
// described in it, as TRAM has them.
type TechniqueReport struct {
	Name   string `json:"doc"`
	Text   string `json:"text"`
	Annots []struct {
		Start, End int // code points
		Attack     string
	} `json:"annots"`
}

// An instance is a sentence with the techniques it describes.
type instance struct {
	words   []uint32
	classes []int
	weight  float32
}

// TechniqueExample is a sentence about a technique from elsewhere.
type TechniqueExample struct{ Technique, Text string }

// Gold returns the techniques of the report, sorted.
func (r *TechniqueReport) Gold() []string {
	var ids []string
	for _, a := range r.Annots {
		ids = append(ids, a.Attack)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// instances cuts a report into sentences with their techniques.
func (r *TechniqueReport) instances(class map[string]int) []instance {
	tokens := tokenize(r.Text)
	var points []int // code point of each byte offset of a token start
	n, k := 0, 0
	for i := range r.Text {
		for k < len(tokens) && tokens[k].start == i {
			points = append(points, n)
			k++
		}
		n++
	}
	var list []instance
	for _, s := range sentences(r.Text, tokens) {
		if s.hi-s.lo < 3 {
			continue
		}
		in := instance{words: techniqueWords(tokens[s.lo:s.hi])}
		lo, hi := points[s.lo], points[s.hi-1]+1
		for _, a := range r.Annots {
			c, ok := class[a.Attack]
			if ok && a.Start < hi && a.End > lo && !slices.Contains(in.classes, c) {
				in.classes = append(in.classes, c)
			}
		}
		list = append(list, in)
	}
	return list
}

// TechniqueClasses are the techniques that reports are labelled with, sorted.
func TechniqueClasses(reports []TechniqueReport) []string {
	var all []string
	for i := range reports {
		all = append(all, reports[i].Gold()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TrainTechniques fits the model of techniques.
func TrainTechniques(classes []string, reports []TechniqueReport, more []TechniqueExample) *linear.Model {
	class := map[string]int{}
	for i, c := range classes {
		class[c] = i
	}
	var all []instance
	for i := range reports {
		all = append(all, reports[i].instances(class)...)
	}
	for _, e := range more {
		if c, ok := class[e.Technique]; ok {
			all = append(all, instance{words: TechniqueWords(e.Text), classes: []int{c}, weight: 0.5})
		}
	}
	return fit(classes, all)
}

// fit trains one classifier per technique.
func fit(classes []string, all []instance) *linear.Model {
	texts := make([][]uint32, len(all))
	for i := range all {
		texts[i] = all[i].words
	}
	idf := linear.IDF(texts, 3)
	examples := make([]linear.Example, len(all))
	for i := range all {
		examples[i] = linear.Example{Features: linear.Vector(all[i].words, idf), Classes: all[i].classes, Weight: all[i].weight}
	}
	return linear.Train(classes, idf, examples, linear.Options{Epochs: 8, Rate: 0.5, L2: 1e-5, Positive: 3})
}

// ScoreReport returns for each class how strongly a report describes it: the
// strongest sentence, and a little of the next ones.
func ScoreReport(m *linear.Model, text string) []float64 {
	tokens := tokenize(text)
	best := make([][3]float64, len(m.Classes))
	for _, s := range sentences(text, tokens) {
		if s.hi-s.lo < 3 {
			continue
		}
		for c, x := range m.Scores(techniqueWords(tokens[s.lo:s.hi])) {
			b := &best[c]
			switch {
			case x > b[0]:
				b[2], b[1], b[0] = b[1], b[0], x
			case x > b[1]:
				b[2], b[1] = b[1], x
			case x > b[2]:
				b[2] = x
			}
		}
	}
	out := make([]float64, len(m.Classes))
	for c, b := range best {
		out[c] = 1 - (1-b[0])*(1-0.5*b[1])*(1-0.25*b[2])
	}
	return out
}

// SingleFolds trains on all but one fold of the reports and names the one
// technique of each sentence of the rest; it returns how many are right, of
// how many.
func SingleFolds(all []SingleExample, more []TechniqueExample, folds int) (hit, n int) {
	var names, classes []string
	for _, e := range all {
		names, classes = append(names, e.Report), append(classes, e.Label)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	slices.Sort(classes)
	classes = slices.Compact(classes)
	for fold := range folds {
		var train []instance
		var test []SingleExample
		for _, e := range all {
			at, _ := slices.BinarySearch(names, e.Report)
			if at%folds == fold {
				test = append(test, e)
			} else if c, ok := slices.BinarySearch(classes, e.Label); ok {
				train = append(train, instance{words: TechniqueWords(e.Text), classes: []int{c}})
			}
		}
		for _, e := range more {
			if c, ok := slices.BinarySearch(classes, e.Technique); ok {
				train = append(train, instance{words: TechniqueWords(e.Text), classes: []int{c}, weight: 0.5})
			}
		}
		m := fit(classes, train)
		for _, e := range test {
			scores := m.Scores(TechniqueWords(e.Text))
			best := 0
			for c := range scores {
				if scores[c] > scores[best] {
					best = c
				}
			}
			n++
			if classes[best] == e.Label {
				hit++
			}
		}
	}
	return hit, n
}

// minReport is the score from which a report is said to describe a technique.
const minReport = 0.5

// ReportFolds trains on all but one fold of the reports and lists the
// techniques of the others; the counts are of pairs of report and technique.
func ReportFolds(ctx context.Context, reports []TechniqueReport, more []TechniqueExample, folds int) (hit, got, want int, err error) {
	classes := TechniqueClasses(reports)
	for fold := range folds {
		if err := ctx.Err(); err != nil {
			return 0, 0, 0, err
		}
		var train []TechniqueReport
		for i, r := range reports {
			if i%folds != fold {
				train = append(train, r)
			}
		}
		m := TrainTechniques(classes, train, more)
		for i := fold; i < len(reports); i += folds {
			gold := reports[i].Gold()
			want += len(gold)
			for c, x := range ScoreReport(m, reports[i].Text) {
				if x < minReport {
					continue
				}
				got++
				if slices.Contains(gold, classes[c]) {
					hit++
				}
			}
		}
	}
	return hit, got, want, nil
}
