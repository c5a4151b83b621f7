package evtx

import (
	"math"
	"testing"
	"time"
)

// everything writes one record with every type of value and every token.
func everything(b *builder) {
	values := []value{
		val(TypeNull), str("a<b>&'\"é𝄞\x01"), val(TypeAnsi, 'a', 0x80, 0xe9, 0), val(TypeInt8, 0xff), val(TypeUint8, 0xff),
		val(TypeInt16, 0xfe, 0xff), val(TypeUint16, 0xfe, 0xff), num(TypeInt32, 1<<32-3, 4), num(TypeUint32, 1<<32-3, 4),
		num(TypeInt64, math.MaxUint64, 8), num(TypeUint64, math.MaxUint64, 8),
		num(TypeFloat32, uint64(math.Float32bits(1.5)), 4), num(TypeFloat64, math.Float64bits(-2), 8),
		num(TypeBool, 1, 4), val(TypeBinary, 0xde, 0xad), val(TypeGUID, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
		num(TypeSize, 0x54ec, 8), num(TypeFiletime, 131964356731225010, 8),
		val(TypeSystime, 0xe5, 7, 3, 0, 3, 0, 2, 0, 4, 0, 11, 0, 22, 0, 45, 0),
		val(TypeSID, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0), num(TypeHex32, 0xabc, 4), num(TypeHex64, 0xabcdef0123, 8),
		{typ: TypeString | TypeArray, raw: utf16le("one\x00\x00three\x00")}, val(TypeUint16|TypeArray, 1, 0, 2, 0),
		val(TypeSID|TypeArray, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 19, 0, 0, 0),
		num(TypeHex64|TypeArray, 5, 8), {typ: TypeXML, write: func(b *builder) { b.fragment(el("Inner", at("a", txt("1")), txt("bare"))) }},
		val(Type(0x55), 1, 2), val(TypeString|TypeArray, 0),
	}
	data := []x{}
	for i, v := range values {
		name := string(rune('A' + i))
		data = append(data, el("Data", at("Name", txt(name)), sub(uint16(i), v.typ)))
	}
	data = append(data,
		el("Data", txt("un"), entity("lt"), char('&'), cdata("x]y"), sub(3, TypeInt8), pi("target", "data")),
		el("Data", opt(0, TypeString)), el("Absent", at("a", opt(0, TypeString))))
	b.record(77, func(b *builder) {
		b.instance("all", []x{el("Event", el("System", el("EventID", sub(6, TypeUint16))), el("EventData", data...))}, values...)
	})
}

func one(t *testing.T, chunk []byte) *Record {
	t.Helper()
	var d Decoder
	var kept *Record
	for rec, err := range d.Records(chunk, 0) {
		if err != nil {
			t.Fatal(err)
		}
		kept = rec.Clone()
	}
	if kept == nil {
		t.Fatal("no record")
	}
	return kept
}

func TestEverything(t *testing.T) {
	b := newBuilder()
	everything(b)
	rec := one(t, b.chunk())
	const want = `<Event><System><EventID>65534</EventID></System><EventData>` +
		`<Data Name='A'></Data><Data Name='B'>a&lt;b&gt;&amp;'"é𝄞` + "\uFFFD" + `</Data><Data Name='C'>a€é</Data>` +
		`<Data Name='D'>-1</Data><Data Name='E'>255</Data><Data Name='F'>-2</Data><Data Name='G'>65534</Data>` +
		`<Data Name='H'>-3</Data><Data Name='I'>4294967293</Data><Data Name='J'>-1</Data><Data Name='K'>18446744073709551615</Data>` +
		`<Data Name='L'>1.500000</Data><Data Name='M'>-2</Data><Data Name='N'>true</Data><Data Name='O'>DEAD</Data>` +
		`<Data Name='P'>{03020100-0504-0706-0809-0A0B0C0D0E0F}</Data><Data Name='Q'>0x54ec</Data>` +
		`<Data Name='R'>2019-03-07T12:34:33.122501000Z</Data><Data Name='S'>2021-03-02T04:11:22.045Z</Data>` +
		`<Data Name='T'>S-1-5-32-544</Data><Data Name='U'>0xabc</Data><Data Name='V'>0xabcdef0123</Data>` +
		`<Data Name='W'>one</Data><Data Name='W'></Data><Data Name='W'>three</Data><Data Name='X'>1</Data><Data Name='X'>2</Data>` +
		`<Data Name='Y'>S-1-5-18</Data><Data Name='Y'>S-1-5-19</Data><Data Name='Z'>0x5</Data>` +
		`<Data Name='['><Inner a='1'>bare</Inner></Data><Data Name='\'>0102</Data><Data Name=']'></Data>` +
		`<Data>un&lt;&amp;<![CDATA[x]y]]>-1<?target data?></Data><Absent/></EventData></Event>`
	if got := string(rec.AppendXML(nil)); got != want {
		t.Errorf("XML\n%s\nwant\n%s", got, want)
	}
	const json = `{"Event":{"System":{"EventID":65534},"EventData":{"A":null,"B":"a<b>&'\"é𝄞\u0001","C":"a€é","D":-1,"E":255,` +
		`"F":-2,"G":65534,"H":-3,"I":4294967293,"J":-1,"K":"18446744073709551615","L":1.5,"M":-2,"N":true,"O":"DEAD",` +
		`"P":"{03020100-0504-0706-0809-0A0B0C0D0E0F}","Q":"0x54ec","R":"2019-03-07T12:34:33.122501000Z","S":"2021-03-02T04:11:22.045Z",` +
		`"T":"S-1-5-32-544","U":"0xabc","V":"0xabcdef0123","W":["one","","three"],"X":[1,2],"Y":["S-1-5-18","S-1-5-19"],"Z":"0x5",` +
		`"[":{"Inner":{"#attributes":{"a":"1"},"#text":"bare"}},"\\":"0102","]":"","Data":"un<&x]y-1","Absent":null}}}`
	if got := string(rec.AppendJSON(nil)); got != json {
		t.Errorf("JSON\n%s\nwant\n%s", got, json)
	}
	for name, want := range map[string]string{"W": "one\n\nthree", "Data": "un<&x]y-1", "Inner_a": "1", "Inner": "bare", "b": `a<b>&'"é𝄞` + "\x01"} {
		if got := rec.Value(rec.Shape.Index(name)).String(); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestFiletime(t *testing.T) {
	for ft, want := range map[uint64]string{
		0:                  "1601-01-01T00:00:00.000000000Z",
		1:                  "1601-01-01T00:00:00.000000100Z",
		116444736000000000: "1970-01-01T00:00:00.000000000Z",
		125962560000000000: "2000-02-29T00:00:00.000000000Z",
		maxFiletime:        "9999-12-31T23:59:59.999999900Z",
		math.MaxUint64:     "60056-05-28T05:36:10.955161500Z",
		132592219440000000: "2021-03-03T05:12:24.000000000Z",
		129067776000000000: "2010-01-01T00:00:00.000000000Z",
		129067775999999999: "2009-12-31T23:59:59.999999900Z",
	} {
		got := string(appendFiletime(nil, ft))
		if want != "" && got != want {
			t.Errorf("%d = %s, want %s", ft, got, want)
		}
		if ft > 0 && ft <= maxFiletime {
			if std := Time(ft).Format("2006-01-02T15:04:05.000000000Z"); got != std {
				t.Errorf("%d = %s, package time says %s", ft, got, std)
			}
		}
	}
	if !Time(0).IsZero() || !Time(maxFiletime+1).IsZero() || Time(1).Location() != time.UTC {
		t.Error("Time out of range")
	}
}

func TestUTF16(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "",
		"a\x00b\x00c\x00d\x00e\x00":         "abcde",
		"a\x00b\x00c\x00d\x00e\x00f":        "abcde",
		"a\x00\x3d\xd8\x00\xde":             "a😀",
		"\x3d\xd8a\x00":                     "\uFFFDa",
		"\x00\xde\x3d\xd8":                  "\uFFFD\uFFFD",
		"\x3d\xd8\x3d\xd8\x00\xde":          "\uFFFD😀",
		"a\x00b\x00c\x00\xe9\x00e\x00f\x00": "abcéef",
	} {
		if got := string(appendUTF16(nil, []byte(in))); got != want {
			t.Errorf("%q = %q, want %q", in, got, want)
		}
	}
}
