package php

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"limier/finding"
	"limier/webshell"
)

// judge draws conclusions from what the script does as a whole.
func (m *machine) judge() {
	if m.settled() {
		return
	}
	m.unit = m.file
	m.manager()
	m.wrappers()
	m.tunnel()
	m.portSender()
	m.flooder()
	if n := m.facts.told; n != nil && !m.facts.answered && !m.alarmed() {
		m.report("sends-passwords", webshell.Malicious, moderate, sentAway, n, value{})
	}
	m.database()
	m.uploader()
	m.packedCode()
	m.ransom()
	m.keepsAlive()
	m.evades()
	m.grabs()
	m.vanishes()
	m.relays()
	m.hiddenTool()
	m.shape()
	if at := m.facts.opened; at != nil && !m.alarmed() {
		m.report("request-makes-file", webshell.Malicious, moderate, "A file that the request names is opened to be written.", &node{pos: at.pos, end: at.end}, value{})
	}
}

// ransom sees a page that encrypts the files of a folder tree in place, with a
// key that the request gives.
func (m *machine) ransom() {
	if !m.isolated() || m.alarmed() || m.have&hasList == 0 || m.have&hasRequest == 0 || m.have&hasWrite == 0 {
		return
	}
	calls := func(names ...string) (at uint32, ok bool) {
		toks, src := m.file.tokens, m.file.src
		for i := 0; i+1 < len(toks); i++ {
			if toks[i].kind != tIdent || toks[i+1].kind != '(' {
				continue
			}
			for _, w := range names {
				if foldEqual(src[toks[i].pos:toks[i].end], w) {
					return toks[i].pos, true
				}
			}
		}
		return 0, false
	}
	at, encrypts := calls("mcrypt_encrypt", "openssl_encrypt")
	_, renames := calls("rename", "unlink")
	_, writes := calls("file_put_contents", "fwrite")
	if encrypts && renames && writes {
		m.report("encrypts-files", webshell.Malicious, moderate, "Files of a folder tree are encrypted in place.", &node{pos: at, end: at + 15}, value{})
	}
}

func (m *machine) alarmed() bool { return m.alarm }

// reason adds a reason. Nothing weighs more than the first certain web shell: if
// the verdict is all that is asked for, nothing more is run.
func (m *machine) reason(r webshell.Reason) {
	r.Text = strings.Clone(r.Text)
	m.reasons = append(m.reasons, r)
	m.alarm = m.alarm || r.Verdict.Rank() >= webshell.Malicious.Rank()
	if r.Verdict == webshell.Webshell && r.Confidence == high && !m.certain {
		m.certain, m.shell = true, m.facts.packed
	}
	if m.settled() {
		m.steps, m.limit = 0, maxSteps
	}
}

// settled says that nothing more needs to be known of the file.
func (m *machine) settled() bool { return m.brief && m.certain }

// behaves reports a conclusion from several behaviours.
func (m *machine) behaves(rule string, verdict webshell.Verdict, conf finding.Confidence, text string, which []behaviour) {
	if len(m.reasons) >= maxReasons {
		return
	}
	r := webshell.Reason{Verdict: verdict, Confidence: conf, Rule: rule, Text: text}
	for _, b := range which {
		k := m.facts.seen[b]
		r.Steps = append(r.Steps, webshell.Step{Line: k.u.lineAt(k.n.pos), Role: "sink", Code: k.u.code(k.n.pos, k.n.end)})
		if k.u.outer != nil && r.Decoded == "" {
			r.Decoded = cut(string(k.u.src), 500)
		}
	}
	m.reason(r)
}

// manager sees a file manager: many operations on files that the client names,
// in one file that nothing protects.
func (m *machine) manager() {
	var did []behaviour
	weight := 0
	for _, b := range m.facts.order {
		switch b {
		case doesInfo, doesMail, doesSocket, doesAsk:
			continue
		case doesRun, doesEval, doesWrite, doesSQL:
			weight++
		}
		did = append(did, b)
		weight++
	}
	words := make([]string, len(did))
	part := true // of a program, which decides who gets there
	for i, b := range did {
		words[i] = string(b)
		part = part && m.facts.seen[b].part
	}
	text := "The script " + strings.Join(words, ", ") + ", as the request says."
	switch {
	case len(did) >= 3 && m.leans(): // on a program, which decides as well
		m.behaves("file-manager", webshell.Suspicious, moderate, text, did)
	case len(did) >= 4 && m.isolated() && !part:
		m.behaves("file-manager", webshell.Webshell, high, text, did)
	case len(did) == 3 && (weight > 3 || m.small()) && m.isolated() && !part:
		m.behaves("file-manager", webshell.Webshell, moderate, text, did)
	case len(did) >= 3:
		m.behaves("file-manager", webshell.Suspicious, moderate, text, did)
	}
}

// uploader sees a script that does little else than store what is uploaded.
func (m *machine) uploader() {
	k := m.facts.seen[doesUpload]
	if !m.does(doesUpload) || !k.alone {
		return
	}
	before := k.open && k.top && k.u == m.file && k.n.pos < 4<<10 // the rest of the file, which checks, is another's
	if m.facts.uploadOK && !before {
		return
	}
	code := 0
	for _, t := range m.file.tokens {
		if t.kind != tHTML {
			code++
		}
	}
	text := "Any file is taken and stored under the name that the request gives; nothing is checked."
	if code < 600 || k.top {
		m.behaves("uploader", webshell.Webshell, moderate, text, []behaviour{doesUpload})
		return
	}
	m.behaves("uploader", webshell.Suspicious, moderate, text, []behaviour{doesUpload})
}

// packedCode judges code that was decoded before it was evaluated.
func (m *machine) packedCode() {
	if len(m.facts.packed) == 0 || m.alarmed() {
		return
	}
	p := m.facts.packed[len(m.facts.packed)-1]
	m.unit = p.u
	verdict := webshell.Malicious
	if m.declaresOnly(p.code) {
		verdict = webshell.Suspicious
	}
	m.report("packed-code", verdict, moderate, "Code that the file hides in "+plural(m.facts.layers, "layer")+" of encoding is evaluated.", p.n, value{})
	m.unit = m.file
	if i := len(m.reasons) - 1; i >= 0 && m.reasons[i].Rule == "packed-code" {
		m.reasons[i].Decoded = cut(p.code, 500)
	}
}

// declaresOnly says that decoded code, which was read to its end, declares classes
// and does nothing with them, nor does the file: a part of a program, sold encoded.
func (m *machine) declaresOnly(code string) bool {
	for _, t := range m.file.tokens {
		if t.kind == tColons || t.kind == tIdent && foldEqual(m.file.src[t.pos:t.end], "new") {
			return false
		}
	}
	u := m.newUnit(raw(code), m.unit, true)
	classes := 0
	for _, n := range newParser(u, 0, len(u.tokens)-1).statements() {
		switch {
		case n.op == nClass:
			classes++
		case n.op != nHTML || len(bytes.TrimSpace(u.src[n.pos:n.end])) > 0:
			return false
		}
	}
	return classes > 0 && !u.cut
}

func plural(n int, word string) string {
	if n == 1 {
		return "one " + word
	}
	return itoa(n) + " " + word + "s"
}

// shape judges what the text looks like, when what it does stays hidden.
func (m *machine) shape() {
	if m.alarmed() {
		return
	}
	strs, escaped, gotos, ends, hiddenText, text := 0, 0, 0, 0, 0, 0
	for i, t := range m.file.tokens {
		switch t.kind {
		case ';':
			ends++
		case tStr, tTpl, tHeredoc, tNowdoc:
			strs++
			b := m.file.src[t.pos:t.end]
			text += len(b)
			if t.kind == tTpl && escapes(b) {
				escaped++
				hiddenText += len(b)
			}
		case tIdent:
			if t.end-t.pos == 4 && foldEqual(m.file.src[t.pos:t.end], "goto") && i+1 < len(m.file.tokens) && m.file.tokens[i+1].kind == tIdent {
				gotos++
			}
		}
	}
	n := &node{pos: 0, end: 60}
	switch {
	case escaped >= 10 && escaped*3 > strs, hiddenText > 2000 && hiddenText*2 > text:
		m.report("escaped-strings", webshell.Malicious, moderate, "Most strings are written in escapes, which hides them.", n, value{})
	case m.have&hasShape != 0 && bytes.Count(m.file.src, []byte(`${"GLOBALS"}["`)) >= 6:
		m.report("hidden-names", webshell.Malicious, moderate, "Variables are named by texts that are kept elsewhere.", n, value{})
	case !m.framed && m.locked() >= 12:
		m.report("hidden-strings", webshell.Malicious, moderate, "A function of the file is given one encoded text after the other.", n, value{})
	case !m.framed && m.alikeNames() >= 20:
		m.report("hidden-names", webshell.Malicious, moderate, "Names are made of the letter O and the figure 0, so that nobody can tell them apart.", n, value{})
	case gotos >= 15 && gotos*5 > ends: // parsers that are generated jump less
		m.report("goto-obfuscation", webshell.Malicious, moderate, "The order of the statements is scrambled by "+itoa(gotos)+" jumps.", n, value{})
	}
}

// escapes says that most of a string is printable text in escapes.
func escapes(b []byte) bool {
	n := 0
	var lit strings.Builder
	for i := 0; i+1 < len(b); i++ {
		if b[i] == '\\' && (b[i+1] == 'x' || isDigit(b[i+1])) {
			lit.Reset()
			escape(&lit, b[i:], '"')
			if s := lit.String(); s[0] >= ' ' && s[0] < 0x7f {
				n++
			}
		}
	}
	return n >= 3 && n*6 > len(b)
}

// dense says that a string is one long encoded run, by its first 64 KiB.
func dense(b []byte) bool {
	b = b[:min(len(b), 64<<10)]
	other := 0
	for i := 0; i < len(b); i += 256 {
		for _, c := range b[i:min(len(b), i+256)] {
			other += int(notDense[c])
		}
		if other*50 >= len(b) {
			return false
		}
	}
	return other*50 < len(b)
}

// notDense has a 1 for each character that encoded text does not consist of.
var notDense = func() (t [256]uint8) {
	for c := range t {
		if !identTable[c] && !strings.ContainsRune("+/=", rune(c)) {
			t[c] = 1
		}
	}
	return t
}()

// wrappers sees a function that runs a command in whichever way the server
// has not forbidden. It reads the text too: a run may take only the first way.
func (m *machine) wrappers() {
	list := sorted(m.funcs)
	for _, c := range sorted(m.classes) {
		list = append(list, c.order...)
	}
	for _, f := range list {
		n, ways := m.waysRun(f)
		if ways < 3 {
			continue
		}
		m.unit = f.unit
		m.report("command-wrapper", webshell.Webshell, moderate, "A function tries "+itoa(ways)+" ways to run a command, in case some are forbidden.", n, value{})
		m.unit = m.file
	}
}

// waysRun counts the ways in which f runs a command, and gives the place of the
// first. Classes and programs ask for the kind of a file in three.
func (m *machine) waysRun(f *function) (n *node, ways int) {
	if !m.isolated() || f.class != nil {
		if n, ways = waysToRun(f, true); ways > 3 {
			return n, ways
		}
		return nil, 0
	}
	for _, x := range m.facts.wrappers[f] {
		if n == nil || x.pos < n.pos {
			n = x
		}
	}
	if ways = len(m.facts.wrappers[f]); ways < 3 {
		return waysToRun(f, false)
	}
	return n, ways
}

// waysToRun counts the functions that run commands to which the text of f
// hands one and the same variable, a parameter if it is to be handed to f, and
// gives the place of the first.
func waysToRun(f *function, handed bool) (*node, int) {
	if have, _ := bodyTraits(f); have&hasDeadly == 0 {
		return nil, 0
	}
	ways := map[string]map[string]bool{}
	first := map[string]*node{}
	best := ""
	toks, src := f.toks, f.unit.src
	for i := int(f.lo); i+2 < min(int(f.hi), len(toks)); i++ {
		if toks[i].kind != tIdent || toks[i+1].kind != '(' || toks[i+2].kind != tVar {
			continue
		}
		if i > 0 && (toks[i-1].kind == tArrow || toks[i-1].kind == tColons) {
			continue
		}
		name := lower(src[toks[i].pos:toks[i].end])
		if !commands[name] {
			continue
		}
		v := string(src[toks[i+2].pos:toks[i+2].end])
		if handed && !slices.ContainsFunc(f.params, func(p param) bool { return p.name == v[1:] }) {
			continue
		}
		if ways[v] == nil {
			ways[v] = map[string]bool{}
			first[v] = &node{pos: toks[i].pos, end: toks[i+2].end}
		}
		ways[v][name] = true
		if len(ways[v]) > len(ways[best]) {
			best = v
		}
	}
	return first[best], len(ways[best])
}

// onlyTexts says that the file does no more than return an array: texts of a
// program, which shows them.
func (m *machine) onlyTexts() bool {
	return len(m.list) == 1 && m.list[0].op == nReturn && m.list[0].a != nil && m.list[0].a.op == nArray
}

// tunnel sees a script that carries the client's traffic to any host.
func (m *machine) tunnel() {
	through := m.facts.anyHost && m.facts.passes && m.facts.answered
	if !m.facts.anywhere && !through || !m.isolated() {
		return
	}
	src := owned(m.file.src)
	if through || strings.Contains(src, "php://input") || strings.Contains(src, "_SESSION") || strings.Contains(src, "getallheaders") {
		m.behaves("tunnel", webshell.Webshell, moderate, "The script carries the client's traffic to any host and port.", []behaviour{doesSocket})
	}
}

// portSender sees a script that does nothing but connect wherever the request
// says.
func (m *machine) portSender() {
	if m.facts.anywhere && !m.alarmed() && m.isolated() && len(m.file.tokens) < 120 {
		m.behaves("port-sender", webshell.Malicious, low, "All that the script does is to connect to any host and port, as the request says.", []behaviour{doesSocket})
	}
}

// flooder sees connection after connection to a host that the request names,
// none of which waits for an answer.
func (m *machine) flooder() {
	if n := m.facts.volley; n != nil && !m.facts.answered && !m.facts.udp && m.small() && m.isolated() {
		m.report("flooder", webshell.Malicious, moderate, "A host that the request names is connected to again and again, and no answer is read.", n, value{})
	}
}

// database sees a console for any database the request names.
func (m *machine) database() {
	if m.does(doesConnect) && m.isolated() {
		if src := m.text(); strings.Contains(src, "into dumpfile") || strings.Contains(src, "into outfile") || strings.Contains(src, " soname ") { // between parts that the request gives
			m.behaves("database-to-command", webshell.Webshell, moderate, "The request names a database, which is made to write files or load a library.", []behaviour{doesConnect})
		}
	}
	if m.does(doesConnect) && m.does(doesSQL) && m.isolated() {
		m.behaves("database-console", webshell.Webshell, moderate, "The request names a database and gives the SQL that is run there.", []behaviour{doesConnect, doesSQL})
	}
}

// evades sees a list of those who hunt phishing sites, who are sent away.
func (m *machine) evades() {
	if m.alarmed() || m.framed || m.have&hasHeader == 0 && !bytes.Contains(m.file.src, []byte("REMOTE_ADDR")) || !m.mentions("phish") {
		return
	}
	hunters := map[string]bool{}
	for _, t := range m.file.tokens {
		if t.kind != tStr && t.kind != tTpl {
			continue
		}
		switch w := strings.Trim(lower(m.file.src[t.pos:t.end]), `"' .`); w {
		case "phishtank", "netcraft", "safebrowsing", "phish", "kaspersky", "openphish", "fortinet", "bitdefender", "trendmicro", "avira", "virustotal",
			"proofpoint", "symantec", "mcafee", "barracuda", "urlscan", "sophos", "forcepoint", "mimecast":
			hunters[w] = true
			if len(hunters) == 3 {
				m.report("evades-hunters", webshell.Malicious, moderate, "Those who look for phishing pages are sent away.", &node{pos: t.pos, end: t.end}, value{})
				return
			}
		}
	}
}

// hiddenTool sees a page that says it is not there, but to a few addresses, and
// gives those what an intruder wants.
func (m *machine) hiddenTool() {
	if m.alarmed() || !m.isolated() || len(m.facts.order) == 0 && m.facts.ran == nil {
		return
	}
	if !m.mentions("remote_addr") || !m.mentions("404 not found", "http_response_code(404)") || !m.mentions("die", "exit") || !m.addresses() {
		return
	}
	text := "The page says that it does not exist, but for a few addresses"
	if len(m.facts.order) > 0 {
		m.behaves("hidden-tool", webshell.Webshell, moderate, text+", for which it "+string(m.facts.order[0])+".", m.facts.order[:1])
		return
	}
	m.report("hidden-tool", webshell.Webshell, moderate, text+", for which it runs a command.", m.facts.ran, value{})
}

// addresses says that an address of the network is a literal of the file.
func (m *machine) addresses() bool {
	for _, t := range m.file.tokens {
		if t.kind == tStr || t.kind == tTpl {
			if _, err := netip.ParseAddr(strings.Trim(string(m.file.src[t.pos:t.end]), `"'`)); err == nil {
				return true
			}
		}
	}
	return false
}

// vanishes sees a script that fetches something, stores it, and deletes itself
// without having asked anybody, as an installer does.
func (m *machine) vanishes() {
	if m.facts.gone != nil && m.facts.stored && !m.alarmed() && m.isolated() && m.small() && !m.mentions("<form", "$_post", "$argv") {
		m.report("fetches-and-vanishes", webshell.Malicious, moderate, "What another host holds is fetched and stored, and the script deletes itself.", m.facts.gone, value{})
	}
}

// settingFiles are where well-known programs keep the passwords of databases.
var settingFiles = []string{"wp-config.php", "configuration.php", "settings.php", "local.xml", "/.env", "config.inc.php", "conf_global.php", "parameters.yml"}

// grabs sees the settings of many programs, or of many users, read at once.
func (m *machine) grabs() {
	if m.alarmed() || !m.isolated() || !m.small() || !m.mentions("file_get_contents(", "readfile(", "file(", "symlink(", "copy(") || !m.mentions("foreach", "for(", "for (", "while") {
		return
	}
	n, first := 0, &node{}
	for _, w := range settingFiles {
		if m.mentions(w) {
			if n++; n == 1 {
				first.pos = uint32(strings.Index(m.text(), w))
				first.end = first.pos + uint32(len(w))
			}
		}
	}
	if n >= 4 || n >= 2 && m.mentions("/home/") && (m.does(doesList) || m.have&hasList != 0 || m.mentions("/etc/passwd")) {
		m.report("grabs-settings", webshell.Malicious, moderate, "The settings of many programs, which hold passwords, are read.", first, value{})
	}
}
