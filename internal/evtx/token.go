package evtx

import "bytes"

// Tokens of binary XML ([MS-EVEN6] 2.2.12). Bit 6 says that more of the same
// kind follows; nothing depends on it but the attribute list of an element.
const (
	tokEOF           = 0x00
	tokOpen          = 0x01
	tokCloseStart    = 0x02
	tokCloseEmpty    = 0x03
	tokEnd           = 0x04
	tokValue         = 0x05
	tokAttribute     = 0x06
	tokCDATA         = 0x07
	tokCharRef       = 0x08
	tokEntityRef     = 0x09
	tokPITarget      = 0x0a
	tokPIData        = 0x0b
	tokInstance      = 0x0c
	tokSubstitution  = 0x0d
	tokOptional      = 0x0e
	tokFragment      = 0x0f
	tokMore          = 0x40
	noDependency     = 0xffff
	maxNested        = 16      // template instances inside one another
	maxNormal        = 1 << 18 // bytes of one normalised template
	templateHeader   = 24      // next offset, GUID, size
	instanceHeader   = 9       // after the token: version, identifier, offset
	substitutionSize = 3       // after the token: index, type
)

// A normalizer copies binary XML out of a chunk into a form that means the same
// anywhere: names, which a chunk stores once and refers to by offset, are
// written where they are used. Equal templates of different chunks become
// equal bytes, so a decoder compiles each only once.
//
// The form: tokens without bit 6 and without sizes; strings as a 16-bit count
// of characters and UTF-16; an element as token, dependency, name; a template
// instance as token, 32-bit size, normalised template, 32-bit count, and for
// each value its type, 32-bit size and bytes (normalised if binary XML).
type normalizer struct {
	chunk []byte
	out   []byte

	// Records without a template differ in every text. With values set, texts
	// become values of the record that begins at start, as if it had one, so
	// that records of one layout are equal. Names of fields stay.
	values *[]valueRef
	first  int // length of values before
	start  int
}

// fragment copies tokens from p until the end token or end. Inside a template
// an element has a dependency, outside it has none.
func (n *normalizer) fragment(p, end int, inTemplate bool, depth int) (ok bool) {
	c := n.chunk
	if end > len(c) || depth > maxNested {
		return false
	}
	naming := false // in an attribute that names a field
	for p < end {
		if len(n.out) > maxNormal {
			return false
		}
		tok := c[p] &^ tokMore
		more := c[p]&tokMore != 0
		p++
		switch tok {
		case tokEOF:
			n.out = append(n.out, tokEOF)
			return true
		case tokFragment: // versions and flags
			p += 3
			continue
		case tokOpen:
			dep := []byte{0xff, 0xff}
			if inTemplate {
				if p+2 > end {
					return false
				}
				dep = c[p : p+2]
				p += 2
			}
			n.out = append(n.out, tokOpen, dep[0], dep[1])
			naming = false
			if p, ok = n.name(p+4, end); !ok { // after the element's size
				return false
			}
			if more {
				p += 4 // size of the attribute list
			}
			continue
		case tokCloseStart, tokCloseEmpty, tokEnd:
			n.out = append(n.out, tok)
			naming = false
			continue
		case tokValue:
			if p >= end || Type(c[p]) != TypeString {
				return false
			}
			if n.values != nil && depth == 0 && !naming {
				p, ok = n.value(p+1, end)
				break
			}
			n.out = append(n.out, tok)
			p, ok = n.text(p+1, end)
		case tokCDATA, tokPIData:
			n.out = append(n.out, tok)
			p, ok = n.text(p, end)
		case tokAttribute, tokEntityRef, tokPITarget:
			n.out = append(n.out, tok)
			from := len(n.out)
			p, ok = n.name(p, end)
			naming = tok == tokAttribute && bytes.Equal(n.out[from:], nameName)
		case tokCharRef:
			p, ok = n.copy(tok, p, end, 2)
		case tokSubstitution, tokOptional:
			p, ok = n.copy(tok, p, end, substitutionSize)
		case tokInstance:
			p, ok = n.instance(p, end, depth)
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	n.out = append(n.out, tokEOF)
	return p == end
}

func (n *normalizer) copy(tok byte, p, end, size int) (next int, ok bool) {
	if p+size > end {
		return p, false
	}
	n.out = append(append(n.out, tok), n.chunk[p:p+size]...)
	return p + size, true
}

// nameName is the name "Name" in normalised form.
var nameName = []byte{4, 0, 'N', 0, 'a', 0, 'm', 0, 'e', 0}

// value makes a counted string a value of the record.
func (n *normalizer) value(p, end int) (next int, ok bool) {
	if p+2 > end {
		return p, false
	}
	size := 2 * int(le16(n.chunk[p:]))
	k := len(*n.values)
	if p+2+size > end || k-n.first > 0xffff {
		return p, false
	}
	*n.values = append(*n.values, valueRef{uint32(p + 2 - n.start), uint16(size), TypeString})
	k -= n.first
	n.out = append(n.out, tokSubstitution, byte(k), byte(k>>8), byte(TypeString))
	return p + 2 + size, true
}

// text copies a counted string.
func (n *normalizer) text(p, end int) (next int, ok bool) {
	if p+2 > end {
		return p, false
	}
	size := 2 + 2*int(le16(n.chunk[p:]))
	if p+size > end {
		return p, false
	}
	n.out = append(n.out, n.chunk[p:p+size]...)
	return p + size, true
}

// name copies the name that the offset at p refers to. At its first use in a
// chunk the name follows its offset.
func (n *normalizer) name(p, end int) (next int, ok bool) {
	if p < 0 || p+4 > end {
		return p, false
	}
	at := int(le32(n.chunk[p:]))
	p += 4
	limit := len(n.chunk)
	if at == p {
		limit = end
	}
	if at < chunkHeaderSize || at+8 > limit { // next name, hash, count
		return p, false
	}
	size := 2 + 2*int(le16(n.chunk[at+6:]))
	if at+6+size > limit {
		return p, false
	}
	n.out = append(n.out, n.chunk[at+6:at+6+size]...)
	if at == p {
		p += 6 + size + 2 // and the closing zero
	}
	return p, p <= end
}

// instance copies a template instance inside a template or a fragment.
func (n *normalizer) instance(p, end, depth int) (next int, ok bool) {
	h, ok := instanceAt(n.chunk, p, end)
	if !ok {
		return p, false
	}
	n.out = append(n.out, tokInstance)
	n.out, ok = n.sized(func() bool { return n.template(h.def, depth+1) })
	if !ok {
		return p, false
	}
	n.out = append(n.out, byte(h.count), byte(h.count>>8), byte(h.count>>16), byte(h.count>>24))
	v := h.values
	for i := range h.count {
		size, typ := int(le16(n.chunk[h.descs+4*i:])), n.chunk[h.descs+4*i+2]
		if Type(typ) == TypeText {
			typ = byte(TypeBinary)
		}
		if v+size > end {
			return p, false
		}
		n.out = append(n.out, typ)
		n.out, ok = n.sized(func() bool {
			if Type(typ) == TypeXML && size > 0 {
				return n.fragment(v, v+size, false, depth+1)
			}
			n.out = append(n.out, n.chunk[v:v+size]...)
			return len(n.out) <= maxNormal
		})
		if !ok {
			return p, false
		}
		v += size
	}
	return v, true
}

// sized puts the number of bytes that write appends before them.
func (n *normalizer) sized(write func() bool) ([]byte, bool) {
	at := len(n.out)
	n.out = append(n.out, 0, 0, 0, 0)
	ok := write()
	size := len(n.out) - at - 4
	for i := range 4 {
		n.out[at+i] = byte(size >> (8 * i))
	}
	return n.out, ok
}

// template copies the body of the template definition at def.
func (n *normalizer) template(def, depth int) bool {
	c := n.chunk
	if def < chunkHeaderSize || def+templateHeader > len(c) {
		return false
	}
	body := def + templateHeader
	return n.fragment(body, min(body+int(le32(c[def+20:])), len(c)), true, depth)
}

// An instanceHead says where the parts of a template instance lie in a chunk.
type instanceHead struct {
	def    int // offset of the template's definition
	count  int // of values
	descs  int // offset of their sizes and types, 4 bytes each
	values int // offset of the first
}

// instanceAt reads the head of the template instance whose token ends at p.
func instanceAt(c []byte, p, end int) (h instanceHead, ok bool) {
	if end > len(c) || p+instanceHeader+4 > end {
		return h, false
	}
	h.def = int(le32(c[p+5:]))
	p += instanceHeader
	if h.def == p { // the definition follows: first use in the chunk
		if p+templateHeader > end {
			return h, false
		}
		p += templateHeader + int(le32(c[p+20:]))
		if p < 0 || p+4 > end {
			return h, false
		}
	}
	h.count = int(le32(c[p:]))
	h.descs = p + 4
	if h.count < 0 || h.count > (end-h.descs)/4 {
		return h, false
	}
	h.values = h.descs + 4*h.count
	return h, true
}
