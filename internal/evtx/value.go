package evtx

import (
	"iter"
	"math"
	"strconv"
	"strings"
)

// A Type is the type of a value in binary XML ([MS-EVEN6] 2.2.12).
type Type uint8

// The types. TypeArray is added to the type of the elements. TypeText is this
// package's own: UTF-8 text that a template holds or that has several pieces.
const (
	TypeNull     Type = 0x00
	TypeString   Type = 0x01 // UTF-16LE
	TypeAnsi     Type = 0x02
	TypeInt8     Type = 0x03
	TypeUint8    Type = 0x04
	TypeInt16    Type = 0x05
	TypeUint16   Type = 0x06
	TypeInt32    Type = 0x07
	TypeUint32   Type = 0x08
	TypeInt64    Type = 0x09
	TypeUint64   Type = 0x0a
	TypeFloat32  Type = 0x0b
	TypeFloat64  Type = 0x0c
	TypeBool     Type = 0x0d
	TypeBinary   Type = 0x0e
	TypeGUID     Type = 0x0f
	TypeSize     Type = 0x10
	TypeFiletime Type = 0x11
	TypeSystime  Type = 0x12
	TypeSID      Type = 0x13
	TypeHex32    Type = 0x14
	TypeHex64    Type = 0x15
	TypeHandle   Type = 0x20
	TypeXML      Type = 0x21
	TypeArray    Type = 0x80
	TypeText     Type = 0xff
)

// A Value is one value as it lies in the chunk. Raw is valid as long as the
// record it came from. The zero Value is an absent one.
type Value struct {
	Raw  []byte
	Type Type
}

// Array reports whether v is an array; range over [Value.Elems] then.
func (v Value) Array() bool { return v.Type&TypeArray != 0 && v.Type != TypeText }

// Empty reports whether v is absent or has no bytes.
func (v Value) Empty() bool { return v.Type == TypeNull || len(v.Raw) == 0 }

// Uint returns an unsigned or hexadecimal integer, a Boolean or a FILETIME, or
// a signed integer that is not negative.
func (v Value) Uint() (uint64, bool) {
	switch v.Type {
	case TypeInt8, TypeInt16, TypeInt32, TypeInt64:
		n := v.signed()
		return uint64(n), n >= 0 && len(v.Raw) > 0
	case TypeUint8, TypeUint16, TypeUint32, TypeUint64, TypeHex32, TypeHex64, TypeSize,
		TypeHandle, TypeBool, TypeFiletime:
		return v.unsigned(), len(v.Raw) > 0
	}
	return 0, false
}

// unsigned reads up to 8 bytes, whatever the type says of the size.
func (v Value) unsigned() uint64 {
	switch len(v.Raw) {
	case 2:
		return uint64(le16(v.Raw))
	case 4:
		return uint64(le32(v.Raw))
	case 8:
		return le64(v.Raw)
	}
	var n uint64
	for i, b := range v.Raw[:min(len(v.Raw), 8)] {
		n |= uint64(b) << (8 * i)
	}
	return n
}

func (v Value) signed() int64 {
	n := v.unsigned()
	if bits := 8 * min(len(v.Raw), 8); bits > 0 {
		return int64(n<<(64-bits)) >> (64 - bits)
	}
	return 0
}

// width is the size of one array element; 0 if it varies.
func (t Type) width() int {
	switch t &^ TypeArray {
	case TypeInt8, TypeUint8:
		return 1
	case TypeInt16, TypeUint16:
		return 2
	case TypeInt32, TypeUint32, TypeFloat32, TypeHex32, TypeBool:
		return 4
	case TypeInt64, TypeUint64, TypeFloat64, TypeHex64, TypeFiletime, TypeSize:
		return 8
	case TypeGUID, TypeSystime:
		return 16
	}
	return 0
}

// Elems yields the elements of an array, or else v itself. Windows repeats the
// XML element that holds an array once for each.
func (v Value) Elems() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for rest := v; ; {
			e, more := rest.cut()
			if !yield(e) || !more {
				return
			}
		}
	}
}

// cut returns the first element of v and leaves the others in v.
func (v *Value) cut() (first Value, more bool) {
	if !v.Array() {
		return *v, false
	}
	t, b := v.Type&^TypeArray, v.Raw
	n, skip := t.width(), 0
	switch t {
	case TypeString:
		for n+1 < len(b) && (b[n] != 0 || b[n+1] != 0) {
			n += 2
		}
		skip = 2
	case TypeAnsi:
		for n < len(b) && b[n] != 0 {
			n++
		}
		skip = 1
	case TypeSID:
		n = 8
		if len(b) > 1 {
			n += 4 * int(b[1])
		}
	case TypeNull, TypeBinary, TypeXML:
		n = len(b)
	}
	if n == 0 && skip == 0 {
		n = len(b)
	}
	n = min(n, len(b))
	v.Raw = b[min(n+skip, len(b)):]
	return Value{Raw: b[:n:n], Type: t}, len(v.Raw) > 0
}

// String returns the text of v. An array's elements are joined by line feeds.
func (v Value) String() string {
	if v.Type == TypeText {
		return string(v.Raw)
	}
	var buf [256]byte
	return string(v.Append(buf[:0]))
}

// Append appends the text of v in UTF-8 as Windows writes it, unescaped: GUIDs
// in braces and upper case, times with nine decimals, binary data in upper-case
// hexadecimal. An array's elements are joined by line feeds.
func (v Value) Append(dst []byte) []byte {
	b := v.Raw
	if v.Array() {
		for i, e := 0, v; ; i++ {
			first, more := e.cut()
			if i > 0 {
				dst = append(dst, '\n')
			}
			dst = first.Append(dst)
			if !more {
				return dst
			}
		}
	}
	if len(b) == 0 {
		return dst
	}
	switch v.Type {
	case TypeNull:
		return dst
	case TypeText:
		return append(dst, b...)
	case TypeString:
		return appendUTF16(dst, trimNUL16(b))
	case TypeAnsi:
		return appendANSI(dst, b)
	case TypeInt8, TypeInt16, TypeInt32, TypeInt64:
		return strconv.AppendInt(dst, v.signed(), 10)
	case TypeUint8, TypeUint16, TypeUint32, TypeUint64:
		return strconv.AppendUint(dst, v.unsigned(), 10)
	case TypeHex32, TypeHex64, TypeSize, TypeHandle:
		return strconv.AppendUint(append(dst, "0x"...), v.unsigned(), 16)
	case TypeBool:
		return strconv.AppendBool(dst, v.unsigned() != 0)
	case TypeFloat32:
		if len(b) == 4 {
			return appendFloat(dst, float64(math.Float32frombits(le32(b))))
		}
	case TypeFloat64:
		if len(b) == 8 {
			return appendFloat(dst, math.Float64frombits(le64(b)))
		}
	case TypeGUID:
		if len(b) == 16 {
			return appendGUID(dst, b)
		}
	case TypeFiletime:
		if len(b) == 8 {
			return appendFiletime(dst, le64(b))
		}
	case TypeSystime:
		if len(b) == 16 {
			return appendSystime(dst, b)
		}
	case TypeSID:
		if len(b) >= 8 && len(b) >= 8+4*int(b[1]) {
			return appendSID(dst, b)
		}
	}
	return appendHex(dst, b) // binary data, an unknown type or a wrong size
}

// appendFloat writes a number as C's %f and %e do in Windows' event log.
func appendFloat(dst []byte, f float64) []byte {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return append(dst, "-1.#IND"...)
	case math.IsInf(f, 1):
		return append(dst, "1.#INF"...)
	case math.IsInf(f, -1):
		return append(dst, "-1.#INF"...)
	case f == math.Trunc(f) && a < 1e15:
		return strconv.AppendFloat(dst, f, 'f', 0, 64)
	case a >= 1e-4 && a < 1e15:
		return strconv.AppendFloat(dst, f, 'f', 6, 64)
	}
	return strconv.AppendFloat(dst, f, 'e', 6, 64)
}

const upperHex = "0123456789ABCDEF"

func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, upperHex[c>>4], upperHex[c&15])
	}
	return dst
}

// guidOrder lists the bytes of a GUID as they are written; -1 is a hyphen.
var guidOrder = [...]int8{3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15}

func appendGUID(dst, b []byte) []byte {
	dst = append(dst, '{')
	for _, i := range guidOrder {
		if i < 0 {
			dst = append(dst, '-')
		} else {
			dst = append(dst, upperHex[b[i]>>4], upperHex[b[i]&15])
		}
	}
	return append(dst, '}')
}

func appendSID(dst, b []byte) []byte {
	dst = append(dst, "S-"...)
	dst = strconv.AppendUint(dst, uint64(b[0]), 10)
	var authority uint64
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	dst = strconv.AppendUint(append(dst, '-'), authority, 10)
	for i := 0; i < int(b[1]); i++ {
		dst = strconv.AppendUint(append(dst, '-'), uint64(le32(b[8+4*i:])), 10)
	}
	return dst
}

func appendFiletime(dst []byte, ft uint64) []byte {
	secs := ft / 1e7
	dst = appendDate(dst, int64(secs/86400))
	s := int(secs % 86400)
	dst = appendClock(dst, s/3600, s/60%60, s%60)
	dst = append(dst, '.')
	dst = appendPadded(dst, int(ft%1e7)*100, 9)
	return append(dst, 'Z')
}

// appendDate writes the day that lies days after 1601-01-01, which begins a
// Gregorian cycle of 400 years.
func appendDate(dst []byte, days int64) []byte {
	days += 306 // count from 1600-03-01, so that leap days end a year
	era := days / 146097
	d := days % 146097
	y := (d - d/1460 + d/36524 - d/146096) / 365
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153
	day := d - (153*m+2)/5 + 1
	year := 1600 + 400*era + y
	if m += 3; m > 12 {
		m -= 12
		year++
	}
	dst = appendPadded(dst, int(year), 4)
	dst = appendPadded(append(dst, '-'), int(m), 2)
	return appendPadded(append(dst, '-'), int(day), 2)
}

func appendClock(dst []byte, h, m, s int) []byte {
	dst = appendPadded(append(dst, 'T'), h, 2)
	dst = appendPadded(append(dst, ':'), m, 2)
	return appendPadded(append(dst, ':'), s, 2)
}

func appendSystime(dst, b []byte) []byte {
	at := func(i int) int { return int(le16(b[2*i:])) }
	dst = appendPadded(dst, at(0), 4)
	dst = appendPadded(append(dst, '-'), at(1), 2)
	dst = appendPadded(append(dst, '-'), at(3), 2)
	dst = appendClock(dst, at(4), at(5), at(6))
	dst = appendPadded(append(dst, '.'), at(7), 3)
	return append(dst, 'Z')
}

// appendPadded writes n with at least width digits.
func appendPadded(dst []byte, n, width int) []byte {
	for limit := pow10(width - 1); limit > n && limit > 1; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

func pow10(n int) int {
	p := 1
	for ; n > 0; n-- {
		p *= 10
	}
	return p
}

// local returns an XML name without its namespace prefix.
func local(name string) string {
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}
