package literal

import (
	"bytes"
	"encoding/binary"
	"sync"
)

// A model estimates how frequent a gram is in text like its sample.
type model struct {
	sampled bool // of a caller's sample, for the search of much text like it
	sample  []byte
	scale   float64      // occurrences in the sample to occurrences per MiB
	one     [256]float64 // the share of all bytes
	four    [1 << 16]uint32
	three   [1 << 16]uint32
	two     [1 << 16]uint32
}

// typicalModel is the model of the built-in sample. Models are read-only.
var typicalModel = sync.OnceValue(func() *model { return newModel(typical) })

func newModel(sample []byte) *model {
	if len(sample) > 1<<20 {
		sample = sample[:1<<20]
	}
	m := &model{sample: sample, scale: (1 << 20) / float64(max(len(sample), 1))}
	for _, c := range sample {
		m.one[c] += 1 / float64(len(sample))
	}
	for i := 0; i+4 <= len(sample); i++ {
		v := binary.LittleEndian.Uint32(sample[i:]) & (folded >> 32)
		m.four[v*mul>>16]++
		m.three[v&0xffffff*mul>>16]++
		m.two[v&0xffff]++
	}
	return m
}

// perMiB returns the expected occurrences of the folded gram per MiB. A gram
// that the sample lacks is judged by its rarest pair of bytes.
func (m *model) perMiB(gram []byte) float64 {
	switch len(gram) {
	case 1:
		return m.scale * 4096
	case 8:
		return min(m.perMiB(gram[:4]), m.perMiB(gram[4:])) / 64
	}
	n := ^uint32(0)
	for i := 0; i+2 <= len(gram); i++ {
		n = min(n, m.two[binary.LittleEndian.Uint16(gram[i:])&(folded>>48)])
	}
	switch len(gram) {
	case 2:
		return m.scale * float64(n)
	case 3:
		v := (uint32(gram[0]) | uint32(gram[1])<<8 | uint32(gram[2])<<16) & (folded >> 32)
		return m.scale * (float64(m.three[v*mul>>16]) + float64(n)/16)
	}
	return m.scale * (float64(m.four[binary.LittleEndian.Uint32(gram)&(folded>>32)*mul>>16]) + float64(n)/256)
}

// rates are what a model says of the grams of a set's literals, each worked out once.
type rates struct {
	*model
	sums [][9][]float64 // by literal and by size: of all grams that start before a place
}

func (m *model) rates(s *Set) *rates { return &rates{m, make([][9][]float64, len(s.lits))} }

// before returns what the grams of the i-th literal add up to before each place
// where one starts, and in all.
func (r *rates) before(s *Set, i, size int) []float64 {
	sums := &r.sums[i][size]
	if *sums == nil {
		*sums = []float64{0}
		for off, l := 0, s.lits[i]; off+size <= len(l); off++ {
			*sums = append(*sums, (*sums)[off]+r.perMiB(l[off:off+size]))
		}
	}
	return *sums
}

// fold maps ASCII capitals to small letters and everything else to itself.
var fold = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// Typical returns the built-in sample: lines as they are frequent in logs of
// web servers and of Windows, in lower case. It must not be changed.
func Typical() []byte { return typicalLower() }

var typicalLower = sync.OnceValue(func() []byte {
	b := bytes.Clone(typical)
	for i, c := range b {
		b[i] = fold[c]
	}
	return b
})

func indexNewline(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i
	}
	return len(b)
}

// typical is text as it is frequent in logs of web servers and of Windows: what
// it holds is a poor place to look for a rare literal.
var typical = []byte(`2021-03-02 00:00:12 10.1.2.11 POST /Microsoft-Server-ActiveSync/default.eas User=jdoe@contoso.com&DeviceId=ApplDLXK4G3NFCM&DeviceType=iPhone&Cmd=Ping&CorrelationID=<empty>;&cafeReqId=0c9d5c1a-7d1e-4d0f-9f0e-1f0b2b1f1a33; 443 CONTOSO\jdoe 192.168.10.23 Apple-iPhone12C1/1806.81 - 200 0 0 1265
2021-03-02 00:00:13 10.1.2.11 POST /mapi/emsmdb/ MailboxId=5b7c0a9e-3f0e-4a54-9a8b-0f1d4a2e1d10@contoso.com&CorrelationID=<empty>;&ClientRequestInfo=R:{2A4B7A7E-88AC-4C0C-B3C5-2D0C9F4D5B7A}:12;RT:Execute;CI:{D1F3C0D0-9C24-4B5E-8E0B-1B4E0A1F8F11}:1&cafeReqId=b3a1d7a0 443 CONTOSO\asmith 10.1.5.77 Microsoft+Office/16.0+(Windows+NT+10.0;+Microsoft+Outlook+16.0.4266;+Pro) - 200 0 0 15
2021-03-02 00:00:14 10.1.2.11 GET /owa/auth/logon.aspx url=https%3a%2f%2fmail.contoso.com%2fowa%2f&reason=0&CorrelationID=<empty>; 443 - 203.0.113.9 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)+Chrome/88.0.4324.190+Safari/537.36 https://mail.contoso.com/owa/auth.owa 200 0 0 31
2021-03-02 00:00:15 10.1.2.11 POST /EWS/Exchange.asmx &CorrelationID=<empty>;&cafeReqId=77e2a6f0-0000-4b0e-8f6a-2b6f3a3d9a55; 443 CONTOSO\svc-app 10.1.9.4 ExchangeServicesClient/15.00.0847.030 - 200 0 0 46
2021-03-02 00:00:16 10.1.2.11 GET /autodiscover/autodiscover.xml - 443 - ::1 Mozilla/4.0+(compatible;+MSIE+9.0;+Windows+NT+6.1;+MSEXCHMON;+ACTIVEMONITORING) - 401 2 5 0
2021-03-02 00:00:17 10.1.2.11 GET /ecp/ - 444 CONTOSO\HealthMailbox6ded67848a234577a1756e072081d01f 127.0.0.1 AMProbe/Local/ClientAccess - 200 0 0 20
2021-03-02T00:00:18.112Z,9c5c1b02-33ad,15,1,2176,2,,Owa,mail.contoso.com,/owa/service.svc,,FBA,true,CONTOSO\jdoe,contoso.com,Sid~S-1-5-21-1004336348-1177238915-682003330-1105,Mozilla/5.0,10.0.0.5,EX01,200,200,,POST,Proxy,ex01.contoso.com,15.01.2176.000,IntraForest,WindowsIdentity,Database~3f0e
C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule C:\Windows\System32\cmd.exe /c "C:\Program Files\Common Files\Microsoft Shared\ClickToRun\OfficeClickToRun.exe" C:\Windows\system32\conhost.exe 0xffffffff -ForceV1 C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -NoProfile -ExecutionPolicy Bypass -Command C:\Program Files (x86)\Google\Chrome\Application\chrome.exe --type=renderer C:\Windows\explorer.exe C:\Windows\System32\services.exe C:\Windows\System32\lsass.exe C:\Windows\Microsoft.NET\Framework64\v4.0.30319\mscorlib.dll
C:\WINDOWS\SYSTEM32\ntdll.dll+9d4c4|C:\WINDOWS\System32\KERNELBASE.dll+2c13e|C:\Windows\System32\KERNEL32.DLL+17bd4
HKLM\System\CurrentControlSet\Services\Tcpip\Parameters\Interfaces HKU\S-1-5-21\SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer C:\Users\Administrator\AppData\Local\Temp\ NT AUTHORITY\SYSTEM Microsoft Corporation Microsoft Windows Operating System SHA1=1C2B3F,MD5=8A0A29438052FAED8A2532DA50455756,SHA256=01AFE8AF,IMPHASH=272245E2988E1E430500B852C4FB5E18 -EncodedCommand JABzAD0ATgBlAHcALQBPAGIAagBlAGMAdAA= http://www.example.com/ .exe .dll .ps1 .txt .aspx .html
`)
