package reading

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"golang.org/x/net/html/charset"
)

// Limits of a mail: a body within a body, and so on, has an end.
const (
	maxMailDepth = 8
	maxMailParts = 200
)

// extractMail takes the words of a mail: plain text where there is some, else
// HTML. Attachments are named in the gaps and not opened.
func extractMail(data []byte) (*extraction, error) {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the head of the mail: %w", err)
	}
	x := &extraction{format: "mail"}
	dec := mime.WordDecoder{CharsetReader: charset.NewReaderLabel}
	if s, err := dec.DecodeHeader(m.Header.Get("Subject")); err == nil {
		x.title = s
	}
	if t, err := m.Header.Date(); err == nil {
		x.published = t.UTC().Format("2006-01-02")
	}
	parts := 0
	plain, rich := x.body(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0, &parts)
	x.text = plain
	if strings.TrimSpace(plain) == "" {
		x.text = rich
	}
	if x.title != "" {
		x.text = x.title + "\n\n" + x.text
	}
	return x, nil
}

// body returns the plain text and the text of HTML that a part holds.
func (x *extraction) body(contentType, encoding string, r io.Reader, depth int, parts *int) (plain, rich string) {
	*parts++
	if depth > maxMailDepth || *parts > maxMailParts {
		x.gap("parts of the mail beyond depth %d or number %d", maxMailDepth, maxMailParts)
		return "", ""
	}
	if contentType == "" {
		contentType = "text/plain"
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		x.gap("part %d of the mail: its type %q: %v", *parts, contentType[:min(len(contentType), 80)], err)
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		mr := multipart.NewReader(r, params["boundary"])
		for {
			p, err := mr.NextRawPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				x.gap("the mail after part %d: %v", *parts, err)
				break
			}
			a, b := x.body(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1, parts)
			plain, rich = join(plain, a), join(rich, b)
			if *parts > maxMailParts || len(plain)+len(rich) > maxText {
				break
			}
		}
		return plain, rich
	}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	if kind == "message/rfc822" {
		if m, err := mail.ReadMessage(r); err == nil {
			return x.body(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, depth+1, parts)
		}
		x.gap("part %d: a mail that cannot be read", *parts)
		return "", ""
	}
	if kind != "text/plain" && kind != "text/html" {
		x.gap("part %d: an attachment (%s)", *parts, kind)
		return "", ""
	}
	data, more, err := readAtMost(r, maxText)
	if more || err != nil {
		x.gap("part %d after %d bytes (%v)", *parts, len(data), err)
	}
	text := ""
	if enc, _ := charset.Lookup(params["charset"]); enc != nil && params["charset"] != "" {
		if out, err := enc.NewDecoder().Bytes(data); err == nil {
			text = string(out)
		}
	}
	if text == "" {
		text = decode(data, kind)
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if kind == "text/html" {
		return "", extractHTML(text).text
	}
	return text, ""
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n\n" + b
}
