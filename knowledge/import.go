package knowledge

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1" // UUID version 5 is made with it (RFC 9562, 5.5)
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"limier/claim"
)

// maxImport bounds what is imported at once, in bytes after decompression;
// maxObjects bounds how many objects it holds.
const (
	maxImport  = 512 << 20
	maxObjects = 2_000_000
)

// An Import is what a file of others says, in claims: nothing of it is a fact.
type Import struct {
	Format  string // "stix", "misp-galaxy", "misp-event", "microsoft-mapping", "claims"
	Actors  []Actor
	Claims  []claim.Claim
	Skipped map[string]int // what was passed over, by reason
}

func (im *Import) skip(reason string) {
	if im.Skipped == nil {
		im.Skipped = map[string]int{}
	}
	im.Skipped[reason]++
}

// ReadImport reads ATT&CK or another STIX 2.1 bundle, a TAXII 2.1 envelope, a
// cluster of a MISP galaxy, a MISP event, Microsoft's mapping of names, or a
// YAML list of claims; each may be compressed with gzip. The name is for errors
// and stands as the source where the file names none.
func ReadImport(name string, r io.Reader) (*Import, error) {
	in := bufio.NewReader(&bounded{r: r, left: maxImport})
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		in = bufio.NewReader(&bounded{r: z, left: maxImport})
	}
	im, err := readImport(name, in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := range im.Claims {
		if err := im.Claims[i].Lint(); err != nil {
			return nil, fmt.Errorf("%s: claim %d (%s): %w", name, i+1, short(im.Claims[i].Object.Name), err)
		}
	}
	return im, nil
}

func readImport(name string, in *bufio.Reader) (*Import, error) {
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch first := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"); {
	case len(first) == 0:
		return nil, errors.New("the file is empty")
	case first[0] == '[' && bytes.Contains(head, []byte(`"Threat actor name"`)):
		return readMapping(in)
	case first[0] == '{' || first[0] == '[':
		return readJSON(name, in)
	}
	b := new(Base)
	list, err := decode[claim.Claim](in)
	if err != nil {
		return nil, fmt.Errorf("neither JSON nor a list of claims in YAML: %w", err)
	}
	if err := b.Add(list...); err != nil {
		return nil, err
	}
	return &Import{Format: "claims", Claims: b.Claims}, nil
}

// readJSON walks the top of the document and hands each array on, one element
// at a time, so that a large bundle is never in memory whole.
func readJSON(name string, in io.Reader) (*Import, error) {
	dec := json.NewDecoder(in)
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if token == json.Delim('[') {
		return nil, errors.New("a JSON list that is not Microsoft's mapping of names")
	}
	var bundle stixBundle
	var galaxy galaxyFile
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, place(dec, err)
		}
		switch key {
		case "objects":
			err = elements(dec, func() error {
				var o stixObject
				if err := dec.Decode(&o); err != nil {
					return err
				}
				return bundle.add(o)
			})
		case "values":
			err = elements(dec, func() error {
				var v galaxyValue
				err := dec.Decode(&v)
				galaxy.Values = append(galaxy.Values, v)
				return err
			})
		case "name":
			err = dec.Decode(&galaxy.Name)
		case "response":
			return readEvents(dec)
		case "Event":
			var e mispEvent
			if err := dec.Decode(&e); err != nil {
				return nil, place(dec, err)
			}
			im := &Import{Format: "misp-event"}
			return im, e.claims(im)
		default:
			var skipped json.RawMessage
			err = dec.Decode(&skipped)
		}
		if err != nil {
			return nil, place(dec, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, place(dec, err)
	}
	switch {
	case len(bundle.objects) > 0:
		return bundle.read(name)
	case len(galaxy.Values) > 0:
		return galaxy.read()
	}
	return nil, errors.New("JSON that is neither a STIX bundle, a TAXII envelope, a MISP galaxy nor a MISP event")
}

func readEvents(dec *json.Decoder) (*Import, error) {
	im := &Import{Format: "misp-event"}
	err := elements(dec, func() error {
		var e struct{ Event mispEvent }
		if err := dec.Decode(&e); err != nil {
			return err
		}
		return e.Event.claims(im)
	})
	if err != nil {
		return nil, place(dec, err)
	}
	return im, nil
}

// elements calls read for each element of the array that comes next.
func elements(dec *json.Decoder, read func() error) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		return fmt.Errorf("a list was expected, not %v", token)
	}
	for n := 1; dec.More(); n++ {
		if n > maxObjects {
			return fmt.Errorf("more than %d objects", maxObjects)
		}
		if err := read(); err != nil {
			return fmt.Errorf("object %d: %w", n, err)
		}
	}
	_, err = dec.Token()
	return err
}

// place says where in the document an error stands.
func place(dec *json.Decoder, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("near byte %d: %w", dec.InputOffset(), err)
}

// A bounded reader ends with an error instead of the end of an endless file.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("larger than %d MiB", maxImport>>20)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// NewID is the ID of a claim by what makes it itself: a UUID version 5 in a
// name space of ours, so that reading a source twice gives the claim once.
func NewID(c *claim.Claim) string {
	space, _ := hex.DecodeString("6ba7b8149dad11d180b400c04fd430c8") // of X.500 names, RFC 9562
	h := sha1.New()
	h.Write(space)
	io.WriteString(h, "limier claim")
	for _, p := range c.Attributors {
		io.WriteString(h, "\n"+Fold(p.Identity)+"\n"+Fold(p.Organ))
	}
	for _, s := range []string{string(c.Relation), c.Object.ID, Fold(c.Object.Name), c.Target.ID, Fold(c.Target.Name), string(c.Polarity), c.SaidOn} {
		io.WriteString(h, "\n\n"+s)
	}
	if len(c.Evidence) > 0 {
		io.WriteString(h, "\n"+c.Evidence[0].Document)
	}
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	x := hex.EncodeToString(u)
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-")
}

// AddImport adds what was imported: all of it, or nothing. An actor whose
// number in ATT&CK or MISP's galaxy is known already is that one: claims of it
// go there. Names decide nothing.
func (b *Base) AddImport(im *Import) error {
	same := map[string]string{}
	known := map[string]string{}
	for _, a := range b.Actors {
		for _, id := range []string{a.ID, a.ATTACK, a.MISP} {
			if id != "" {
				known[id] = a.ID
			}
		}
	}
	var fresh []Actor
	for _, a := range im.Actors {
		to := known[a.ID]
		for _, id := range []string{a.ATTACK, a.MISP} {
			if to == "" && id != "" {
				to = known[id]
			}
		}
		if to == "" {
			known[a.ID], to = a.ID, a.ID
			fresh = append(fresh, a)
		}
		same[a.ID] = to
	}
	list := slices.Clone(im.Claims)
	for i := range list {
		c := &list[i]
		if to := same[c.Object.ID]; to != "" {
			c.Object.ID = to
		}
		if to := same[c.Target.ID]; to != "" {
			c.Target.ID = to
		}
	}
	if err := b.Add(list...); err != nil {
		return err
	}
	b.Actors = append(b.Actors, fresh...)
	return nil
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
