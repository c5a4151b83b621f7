package publish

import (
	"crypto/sha1" // RFC 9562, section 5.5, asks for it
	"fmt"
)

// Space is the name space of the identifiers that exports make up: the same
// thing in the same case has the same identifier in every export.
var Space = [16]byte{0x5b, 0x3f, 0x1c, 0x0e, 0x6a, 0x52, 0x4d, 0x0b, 0x9e, 0x5d, 0x1e, 0x7c, 0x6c, 0x69, 0x6d, 0x72}

// UUID returns the version 5 UUID of name in a name space.
func UUID(space [16]byte, name string) string {
	h := sha1.New()
	h.Write(space[:])
	h.Write([]byte(name))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
