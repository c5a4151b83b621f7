package traffic

var surnames = []string{"arnaud", "bell", "costa", "dubois", "eriksen", "fischer", "garcia", "haddad", "ito", "jansen", "kowalski", "lefevre", "moreau",
	"nilsen", "okafor", "petit", "quintana", "rossi", "silva", "tanaka", "ueda", "varga", "weber", "xu", "yilmaz", "zola", "almeida", "baker", "clark", "doyle"}

var outlooks = []string{
	"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.13530; Pro)",
	"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.5122; Pro)",
	"Microsoft Office/15.0 (Windows NT 6.1; Microsoft Outlook 15.0.5319; Pro)",
	"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12527; Pro)",
}

var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.190 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:86.0) Gecko/20100101 Firefox/86.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0.3 Safari/605.1.15",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.182 Safari/537.36 Edg/88.0.705.81",
	"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
}

var phones = []struct{ kind, agent, prefix string }{
	{"iPhone", "Apple-iPhone12C1/1803.50", "APPL"},
	{"iPhone", "Apple-iPhone13C2/1804.52", "APPL"},
	{"iPad", "Apple-iPad11C3/1803.50", "APPL"},
	{"Android", "Android-SAMSUNG-SM-G991B/101.110003", "SEC"},
	{"Outlook", "Outlook-iOS-Android/1.0", ""},
	{"SAMSUNGSMA515F", "Android-SAMSUNG-SM-A515F/101.110003", "SEC"},
}

type looked struct {
	stem, query, protocol string
	status                int
}

var scanners = []struct {
	client, agent string
	paths         []looked
}{
	{"192.0.2.61", "Mozilla/5.0 zgrab/0.x", []looked{{"/", "", "", 302}, {"/owa/", "", "Owa", 302},
		{"/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application", "", "Ecp", 200}}},
	{"192.0.2.118", "Mozilla/5.0 (compatible; ExampleSurvey/1.0; +https://survey.example.net)", []looked{{"/", "", "", 302}, {"/robots.txt", "", "", 404}, {"/owa/auth/logon.aspx", "", "Owa", 200}}},
	{"192.0.2.203", "python-requests/2.25.1", []looked{{"/.env", "", "", 404}, {"/wp-login.php", "", "", 404}, {"/actuator/health", "", "", 404}, {"/.git/config", "", "", 404}}},
	{"192.0.2.14", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.117 Safari/537.36",
		[]looked{{"/autodiscover/autodiscover.json", "", "Autodiscover", 401}, {"/solr/", "", "", 404}, {"/index.php", "s=captcha", "", 404}}},
}
