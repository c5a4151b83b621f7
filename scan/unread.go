package scan

import (
	"bytes"
	"errors"
	"strings"
)

var (
	errImage  = errors.New("disk image: not read; mount it read-only, and scan the folder where it is mounted")
	errNative = errors.New("IIS log in the format of IIS or NCSA, not W3C: its requests were not judged")
	errTrace  = errors.New("event trace (.etl): not read")
)

// images are what disk images begin with: EnCase, its second version, VHDX, VHD,
// VMDK, QCOW.
var images = []string{"EVF\x09\x0d\x0a\xff\x00", "EVF2\x0d\x0a\x81", "vhdxfile", "conectix", "KDMV", "QFI\xfb"}

// unread says why a file that no parser reads matters all the same; nil if it
// does not.
func unread(name string, head []byte) error {
	for _, magic := range images {
		if bytes.HasPrefix(head, []byte(magic)) {
			return errImage
		}
	}
	base := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	switch {
	case len(head) == 0:
		return nil
	case strings.HasPrefix(base, "u_in") && strings.HasSuffix(base, ".log"), strings.HasPrefix(base, "u_nc") && strings.HasSuffix(base, ".log"):
		return errNative
	case strings.HasPrefix(base, "u_") && strings.HasSuffix(base, ".etl"):
		return errTrace
	}
	return nil
}
