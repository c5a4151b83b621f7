package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"limier/finding"
	"limier/wire"
)

// conclude answers the question the scan was asked.
//
// Compromised needs proof that something worked: an exploit that succeeded, a
// back door that lies or lay there, or hostile acts on the host. Scanning from
// outside changes no verdict.
func conclude(findings []finding.Finding, exposures []wire.Exposure, coverage []wire.Coverage, gaps []wire.Gap) wire.End {
	end := wire.End{Coverage: coverage}
	var proof, attempts []finding.Finding
	scanned := 0
	for _, f := range findings {
		switch {
		case f.Phase == finding.Scanning:
			scanned++
		case f.Outcome == finding.Succeeded && f.Level.Rank() >= finding.High.Rank():
			proof = append(proof, f)
		case f.Level.Rank() >= finding.Medium.Rank():
			attempts = append(attempts, f)
		}
	}
	var open []string
	for _, e := range exposures {
		for _, c := range e.CVEs {
			if c.State == wire.Vulnerable && !slices.Contains(open, c.ID) {
				open = append(open, c.ID)
			}
		}
	}
	read := readings(coverage)
	switch {
	case len(proof) > 0:
		end.Verdict = wire.Compromised
		end.Confidence = surest(proof)
		end.Reason = because(proof)
	case len(attempts) > 0:
		end.Verdict = wire.Attacked
		end.Confidence = surest(attempts)
		end.Reason = because(attempts) + " " + doubt(attempts)
		if miss := read.missing(); miss != "" {
			end.Reason += " But " + miss + " could not be read, and there success might show."
		}
	case !read.enough():
		end.Verdict = wire.NotEnough
		end.Confidence = finding.LowConfidence
		end.Reason = "The evidence holds " + read.words() + ". That is too little to say whether the server was breached."
		if len(open) > 0 {
			end.Reason += fmt.Sprintf(" Its build is open to %d known vulnerabilities.", len(open))
		}
	case len(open) > 0:
		end.Verdict = wire.Exposed
		end.Confidence = read.confidence(gaps)
		end.Reason = fmt.Sprintf("The build is open to %s, and no sign was found that somebody used that. %s", some(open, "vulnerability", "vulnerabilities"), read.limits())
	default:
		end.Verdict = wire.NoSign
		end.Confidence = read.confidence(gaps)
		end.Reason = "Nothing in " + read.words() + " shows a breach. " + read.limits()
	}
	if scanned > 0 && end.Verdict != wire.Compromised {
		end.Reason += " The server was scanned from outside, as every server on the Internet is."
	}
	end.Next = next(end.Verdict, findings, open)
	return end
}

// doubt says why attempts are no more than that.
func doubt(attempts []finding.Finding) string {
	obeyed := func(f finding.Finding) bool {
		return f.Outcome == finding.Attempted && f.Level.Rank() >= finding.High.Rank() &&
			slices.ContainsFunc(f.Steps, func(s finding.Step) bool { return s.Key && s.Outcome == finding.Succeeded })
	}
	switch {
	case slices.ContainsFunc(attempts, obeyed):
		return "The server carried out part of what was asked: treat it as breached until the opposite is shown."
	case slices.ContainsFunc(attempts, func(f finding.Finding) bool { return f.Outcome == finding.Succeeded }):
		return "What was done there may also be the work of administrators: ask them."
	}
	return "Nothing in the evidence shows that it worked."
}

// because names the weightiest findings.
func because(findings []finding.Finding) string {
	top := slices.Clone(findings)
	slices.SortStableFunc(top, func(a, b finding.Finding) int {
		return cmp.Or(cmp.Compare(b.Level.Rank(), a.Level.Rank()), cmp.Compare(order(a.Phase), order(b.Phase)), a.Start.Compare(b.Start))
	})
	var parts []string
	for _, f := range top {
		text := f.Title
		if !f.Start.IsZero() {
			text += " (" + f.Start.Format("2006-01-02 15:04 UTC") + ")"
		}
		if !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
		if len(parts) == 3 {
			break
		}
	}
	text := strings.Join(parts, "; ")
	if more := len(findings) - len(parts); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text + "."
}

func order(p finding.Phase) int {
	return slices.Index([]finding.Phase{finding.Backdoor, finding.Exploitation, finding.Aftermath, finding.Scanning}, p)
}

func surest(findings []finding.Finding) finding.Confidence {
	best := finding.LowConfidence
	for _, f := range findings {
		switch {
		case f.Confidence == finding.HighConfidence:
			return f.Confidence
		case f.Confidence == finding.ModerateConfidence:
			best = f.Confidence
		}
	}
	return best
}

func some(list []string, one, many string) string {
	if len(list) == 1 {
		return "one known " + one + " (" + list[0] + ")"
	}
	text := fmt.Sprintf("%d known %s (%s", len(list), many, strings.Join(list[:min(3, len(list))], ", "))
	if len(list) > 3 {
		text += ", …"
	}
	return text + ")"
}

// A reading says which kinds of evidence there were.
type reading struct {
	access, exchange, windows, files wire.Coverage
}

func readings(coverage []wire.Coverage) reading {
	var r reading
	for _, c := range coverage {
		var into *wire.Coverage
		switch {
		case c.Events == 0, c.Source == "builds", c.Source == "IIS configuration", c.Source == otherFiles:
			continue
		case c.Source == "registry":
			continue // hives alone do not show a breach
		case c.First.IsZero() && c.Source != webFiles:
			continue // without a readable time nothing is judged
		case c.Source == "IIS", c.Source == "web access log":
			into = &r.access
		case c.Source == webFiles:
			into = &r.files
		case strings.HasPrefix(c.Source, "Windows event log"):
			into = &r.windows
		default:
			into = &r.exchange
		}
		into.Events += c.Events
		into.Files += c.Files
		span(into, c.First, c.Last)
	}
	return r
}

func (r reading) enough() bool {
	return r.access.Events+r.exchange.Events+r.windows.Events+r.files.Events > 0
}

// words lists what there was, with the time it spans.
func (r reading) words() string {
	var parts []string
	for _, k := range []struct {
		what string
		c    wire.Coverage
	}{
		{"access log lines", r.access}, {"Exchange log lines", r.exchange}, {"Windows events", r.windows}, {webFiles, r.files},
	} {
		if k.c.Events == 0 {
			continue
		}
		text := fmt.Sprintf("%s %s", thousands(k.c.Events), k.what)
		if k.c.Events == 1 {
			text = strings.TrimSuffix(text, "s")
		}
		if !k.c.First.IsZero() {
			text += fmt.Sprintf(" (%s to %s)", k.c.First.Format("2006-01-02"), k.c.Last.Format("2006-01-02"))
		}
		parts = append(parts, text)
	}
	switch len(parts) {
	case 0:
		return "no events and no web files"
	case 1:
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// missing lists what there was not.
func (r reading) missing() string {
	var parts []string
	for _, k := range []struct {
		what string
		c    wire.Coverage
	}{
		{"IIS logs", r.access}, {"Exchange's own logs", r.exchange}, {"Windows event logs", r.windows}, {"the web folders", r.files},
	} {
		if k.c.Events == 0 {
			parts = append(parts, k.what)
		}
	}
	return strings.Join(parts, ", ")
}

func (r reading) limits() string {
	if miss := r.missing(); miss != "" {
		return "It says nothing about times outside that, nor about what was not there: " + miss + "."
	}
	return "It says nothing about times outside that."
}

// confidence in a negative answer rests on how much there was to see: it is
// high only with all kinds of evidence, a month of access logs and the web
// folders, and no gap. Two kinds are enough for moderate if they are the web
// folders and a week of access logs.
func (r reading) confidence(gaps []wire.Gap) finding.Confidence {
	kinds := 0
	for _, c := range []wire.Coverage{r.access, r.exchange, r.windows, r.files} {
		if c.Events > 0 {
			kinds++
		}
	}
	switch {
	case kinds == 4 && len(gaps) == 0 && r.files.Events >= 100 && r.access.Last.Sub(r.access.First) >= 30*24*time.Hour:
		return finding.HighConfidence
	case kinds >= 3, kinds == 2 && r.files.Events > 0 && r.access.Last.Sub(r.access.First) >= 7*24*time.Hour:
		return finding.ModerateConfidence
	}
	return finding.LowConfidence
}

// thousands writes a number with thin separators: 12,345.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
