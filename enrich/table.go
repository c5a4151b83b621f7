package enrich

import (
	"cmp"
	_ "embed" // for networks.bin
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
)

//go:embed networks.bin
var networks string

// Encode writes lists and the numbers of hosting networks in the form that
// [Decode] reads: for each list kind, name, source and date, each ended by
// "\x1f", then the number of its networks, and for each the distance from the
// last one's first address and its length in bits. IPv4 networks come first.
// Neighbours that make one network are joined.
func Encode(lists []List, asnDate string, asns []uint32) []byte {
	b := binary.AppendUvarint(nil, uint64(len(lists)))
	for _, l := range lists {
		for _, s := range []string{string(l.Kind), l.Name, l.Source, l.Date} {
			b = append(append(b, strings.ReplaceAll(s, "\x1f", "")...), '\x1f')
		}
		prefixes := join(l.Prefixes)
		n4 := 0
		for n4 < len(prefixes) && prefixes[n4].Addr().Is4() {
			n4++
		}
		b = binary.AppendUvarint(b, uint64(n4))
		var last uint64
		for _, p := range prefixes[:n4] {
			a := p.Addr().As4()
			v := uint64(binary.BigEndian.Uint32(a[:]))
			b = append(binary.AppendUvarint(b, v-last), byte(p.Bits()))
			last = v
		}
		b = binary.AppendUvarint(b, uint64(len(prefixes)-n4))
		for _, p := range prefixes[n4:] {
			a := p.Addr().As16()
			b = append(append(b, byte(p.Bits())), a[:(p.Bits()+7)/8]...)
		}
	}
	b = append(append(b, asnDate...), '\x1f')
	b = binary.AppendUvarint(b, uint64(len(asns)))
	var last uint32
	for _, n := range asns {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

// join sorts networks, leaves out those inside others, and joins halves.
func join(in []netip.Prefix) []netip.Prefix {
	list := slices.Clone(in)
	slices.SortFunc(list, func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Addr().BitLen(), b.Addr().BitLen()), a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	var out []netip.Prefix
	for _, p := range list {
		if n := len(out); n > 0 && out[n-1].Contains(p.Addr()) && out[n-1].Bits() <= p.Bits() {
			continue
		}
		out = append(out, p)
		for n := len(out); n > 1; n = len(out) {
			a, b := out[n-2], out[n-1]
			up, err := a.Addr().Prefix(a.Bits() - 1)
			if err != nil || a.Bits() < 2 || a.Bits() != b.Bits() || up.Addr() != a.Addr() || !up.Contains(b.Addr()) {
				break
			}
			out = append(out[:n-2], up)
		}
	}
	return out
}

var errTable = errors.New("damaged table")

// Decode reads what [Encode] wrote.
func Decode(s string) (lists []List, asnDate string, asns []uint32, err error) {
	r := strings.NewReader(s)
	word := func() string {
		rest := s[len(s)-r.Len():]
		w, _, ok := strings.Cut(rest, "\x1f")
		if !ok {
			err = errTable
			return ""
		}
		r.Seek(int64(len(w)+1), io.SeekCurrent)
		return w
	}
	number := func(limit uint64) uint64 {
		n, e := binary.ReadUvarint(r)
		if e != nil || n > limit {
			err = errTable
			return 0
		}
		return n
	}
	for range number(1000) {
		l := List{Kind: Kind(word()), Name: word(), Source: word(), Date: word()}
		var last uint64
		for range number(uint64(r.Len())) {
			last += number(1 << 32)
			bits, _ := r.ReadByte()
			var a [4]byte
			binary.BigEndian.PutUint32(a[:], uint32(last))
			p := netip.PrefixFrom(netip.AddrFrom4(a), int(bits))
			if !p.IsValid() || last >= 1<<32 {
				return nil, "", nil, errTable
			}
			l.Prefixes = append(l.Prefixes, p)
		}
		for range number(uint64(r.Len())) {
			bits, _ := r.ReadByte()
			var a [16]byte
			if bits > 128 {
				return nil, "", nil, errTable
			}
			if _, e := io.ReadFull(r, a[:(bits+7)/8]); e != nil {
				return nil, "", nil, errTable
			}
			l.Prefixes = append(l.Prefixes, netip.PrefixFrom(netip.AddrFrom16(a), int(bits)))
		}
		if err != nil {
			return nil, "", nil, err
		}
		lists = append(lists, l)
	}
	asnDate = word()
	var last uint64
	for range number(uint64(r.Len())) {
		last += number(1 << 32)
		asns = append(asns, uint32(last))
	}
	if err != nil || r.Len() > 0 {
		return nil, "", nil, errTable
	}
	return lists, asnDate, asns, nil
}

// KindOf tells from the file name of a MISP warninglist, without extension,
// what it means to be on it; Listed if it is another list.
func KindOf(name string) Kind {
	switch {
	case strings.HasSuffix(name, "-scanning"), name == "shadowserver":
		return Scanner
	case slices.Contains([]string{"alibaba-cloud", "amazon-aws", "coreweave", "digitalocean", "godaddy", "google-gcp", "hetzner", "huawei-cloud", "ibm-cloud",
		"linode", "microsoft-azure", "oracle-oci", "ovh-cluster", "scaleway", "tencent-cloud", "vultr"}, name):
		return Hosting
	case strings.HasPrefix(name, "vpn-ipv"):
		return VPN
	case name == "sinkholes":
		return Sinkhole
	case slices.Contains([]string{"akamai", "bunny-net", "cachefly", "cdn77", "cloudflare", "fastly", "gcore", "icloud-private-relay", "imperva", "stackpath"}, name):
		return Relay
	}
	return Listed
}

// day reads versions like 20260811, and 26081010: year, month, day, count.
func day(v string) string {
	if len(v) != 8 {
		return "undated"
	}
	if strings.HasPrefix(v, "20") && v[4:6] <= "12" && v[4:6] >= "01" {
		return v[:4] + "-" + v[4:6] + "-" + v[6:]
	}
	if v[2:4] <= "12" && v[2:4] >= "01" {
		return "20" + v[:2] + "-" + v[2:4] + "-" + v[4:6]
	}
	return "undated"
}
