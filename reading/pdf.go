package reading

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/ledongthuc/pdf"
)

// Limits of a PDF: what it may inflate to, what draws one page, its pages, and
// how long it may take.
const (
	maxInflated = 256 << 20
	maxDrawn    = 4 << 20
	maxPages    = 3000
	maxPDFTime  = 30 * time.Second
)

var (
	pdfTwice = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`/Filter\s*\[[^\]]{0,200}(?:Flate|LZW|Fl\b)[^\]]{0,200}(?:Flate|LZW|Fl\b)`)
	})
	pdfDeep = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:[\[(]\s*){400}|(?:<<\s*/\S*\s*){200}|(?:\[\s*<<\s*/\S*\s*){100}`)
	})
)

// extractPDF takes the text of a PDF's pages. The library trusts its input, so
// that what would make it run for ever, or out of memory, is refused first.
func extractPDF(data []byte) (*extraction, error) {
	if err := boundedPDF(data); err != nil {
		return nil, err
	}
	type result struct {
		x   *extraction
		err error
	}
	done := make(chan result, 1)
	stop := make(chan struct{})
	go func() { // what hangs in the library is left behind
		x, err := pdfPages(data, stop)
		done <- result{x, err}
	}()
	timer := time.NewTimer(maxPDFTime)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.x, r.err
	case <-timer.C:
		close(stop)
		return nil, fmt.Errorf("the PDF takes longer than %v to read: print it to a new PDF, or save its text", maxPDFTime)
	}
}

// boundedPDF refuses streams that inflate beyond the limit, filters in series
// and nesting without end.
func boundedPDF(data []byte) error {
	if pdfTwice().Match(data) {
		return errors.New("the PDF compresses a stream twice: save it anew with another program")
	}
	if at := pdfDeep().FindIndex(data); at != nil {
		return fmt.Errorf("the PDF nests objects without end at byte %d", at[0])
	}
	left := int64(maxInflated)
	var buf bytes.Buffer
	for i := 0; ; {
		k := bytes.Index(data[i:], []byte("stream"))
		if k < 0 {
			return nil
		}
		i += k + len("stream")
		if k >= 3 && bytes.HasSuffix(data[:i], []byte("endstream")) {
			continue
		}
		body := bytes.TrimLeft(data[i:min(len(data), i+3)], "\r\n")
		if len(body) == 0 || body[0]&0x0f != 8 {
			if plain := data[i:min(len(data), i+maxDrawn)]; len(plain) == maxDrawn && !bytes.Contains(plain, []byte("endstream")) && draws(plain) {
				return tooDrawn(i)
			}
			continue
		}
		start := i + min(3, len(data)-i) - len(body)
		z, err := zlib.NewReader(bytes.NewReader(data[start:]))
		if err != nil {
			continue
		}
		buf.Reset()
		n, _ := io.CopyN(&buf, z, min(left, maxDrawn))
		if pdfDeep().Match(buf.Bytes()) {
			return fmt.Errorf("the PDF nests objects without end in the stream at byte %d", start)
		}
		if n == maxDrawn {
			if draws(buf.Bytes()) {
				return tooDrawn(start)
			}
			more, _ := io.CopyN(io.Discard, z, left-n+1)
			n += more
		}
		if left -= n; left < 0 {
			return fmt.Errorf("the PDF inflates to more than %d MiB; the stream at byte %d is the last straw", maxInflated>>20, start)
		}
	}
}

// draws tells a stream that writes the text of a page from a picture or a font.
func draws(stream []byte) bool {
	return bytes.Count(stream, []byte("Tj"))+bytes.Count(stream, []byte("TJ")) > len(stream)/1000
}

func tooDrawn(at int) error {
	return fmt.Errorf("the PDF writes one page with more than %d MiB; the stream at byte %d: save its text", maxDrawn>>20, at)
}

func pdfPages(data []byte, stop <-chan struct{}) (x *extraction, err error) {
	x = &extraction{format: "pdf"}
	defer func() {
		if r := recover(); r != nil {
			x, err = nil, fmt.Errorf("the PDF is damaged: %v", r)
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("the PDF cannot be opened: %w", err)
	}
	info := r.Trailer().Key("Info")
	x.title = info.Key("Title").Text()
	if d := info.Key("CreationDate").Text(); len(d) >= 10 && strings.HasPrefix(d, "D:") {
		if t, err := time.Parse("20060102", d[2:10]); err == nil {
			x.published = t.Format(time.DateOnly)
		}
	}
	var b strings.Builder
	pages, visits := 0, 0
	var walk func(v pdf.Value, depth int)
	walk = func(v pdf.Value, depth int) {
		if visits++; depth > 32 || visits > 4*maxPages || b.Len() > maxText {
			return
		}
		select {
		case <-stop:
			return
		default:
		}
		if kids := v.Key("Kids"); kids.Len() > 0 && v.Key("Type").Name() != "Page" {
			for i := 0; i < min(kids.Len(), maxPages); i++ {
				walk(kids.Index(i), depth+1)
			}
			return
		}
		if pages++; pages > maxPages {
			if pages == maxPages+1 {
				x.gap("pages after the first %d", maxPages)
			}
			return
		}
		text, err := pageText(pdf.Page{V: v})
		if err != nil {
			x.gap("page %d: %v", pages, err)
			return
		}
		b.WriteString(text)
		b.WriteString("\n\n")
	}
	walk(r.Trailer().Key("Root").Key("Pages"), 0)
	x.text = strings.TrimSpace(b.String())
	if x.text == "" {
		x.gap("all %d pages: they hold no text (a scan?)", pages)
	}
	return x, nil
}

// pageText puts words that the page draws line by line back into lines.
func pageText(p pdf.Page) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	rows, err := p.GetTextByRow()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var last int64
	for i, row := range rows {
		var line strings.Builder
		var end float64
		for k, w := range row.Content {
			if k > 0 && w.X-end > w.FontSize*0.2 && !strings.HasSuffix(line.String(), " ") {
				line.WriteByte(' ')
			}
			line.WriteString(w.S)
			end = w.X + w.W
		}
		s := strings.TrimRight(line.String(), " ")
		if i > 0 {
			gap := last - row.Position
			size := 10.0
			if len(row.Content) > 0 {
				size = row.Content[0].FontSize
			}
			if float64(gap) > 1.7*size {
				b.WriteString("\n\n")
			} else {
				b.WriteString("\n")
			}
		}
		b.WriteString(s)
		last = row.Position
		if b.Len() > maxText {
			break
		}
	}
	return b.String(), nil
}
