package aftermath

// namesOf are the titles of findings that several rules make together, by
// ATT&CK technique.
var namesOf = map[string]string{
	"T1003.001": "Passwords taken from the memory of LSASS",
	"T1003.002": "Password hashes of the machine taken",
	"T1003.003": "Password hashes of the domain taken",
	"T1021.002": "Commands run from another machine over shares",
	"T1053.005": "Scheduled tasks that run commands",
	"T1059.001": "PowerShell used for an attack",
	"T1070.001": "Logs cleared",
	"T1098":     "Rights given to accounts",
	"T1114.002": "Mailboxes exported",
	"T1134.001": "Rights of the service account raised to SYSTEM",
	"T1136.001": "Accounts made",
	"T1486":     "Files encrypted for ransom",
	"T1490":     "Recovery destroyed",
	"T1496":     "Cryptocurrency mined",
	"T1505.001": "Commands run through SQL Server",
	"T1505.002": "Transport agent installed",
	"T1505.003": "Shells started by the web server",
	"T1543.003": "Services that run commands",
	"T1546.003": "Permanent WMI subscription",
	"T1560.001": "Archives made to carry data away",
	"T1562.001": "Antivirus switched off",
	"T1567.002": "Data sent out",
	"T1572":     "Tunnel out of the network",
}
