package scan

import (
	"slices"

	"limier/finding"
	"limier/wire"
)

// Guidance that is cited. Checked as of November 2026.
const (
	cisaPlaybook   = "https://www.cisa.gov/sites/default/files/2024-08/Federal_Government_Cybersecurity_Incident_and_Vulnerability_Response_Playbooks_508C.pdf"
	msResponder    = "https://www.microsoft.com/en-us/security/blog/2021/03/25/analyzing-attacks-taking-advantage-of-the-exchange-server-vulnerabilities/"
	msExchangeLogs = "https://techcommunity.microsoft.com/blog/exchange/released-march-2021-exchange-server-security-updates/2175901"
	msHealth       = "https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/"
	msExtended     = "https://learn.microsoft.com/exchange/plan-and-deploy/post-installation-tasks/security-best-practices/exchange-extended-protection"
	nsaWebshell    = "https://github.com/nsacyber/Mitigating-Web-Shells"
	msKrbtgt       = "https://learn.microsoft.com/windows-server/identity/ad-ds/manage/forest-recovery-guide/ad-forest-recovery-reset-the-krbtgt-password"
	msToolShell    = "https://www.microsoft.com/en-us/security/blog/2025/07/22/disrupting-active-exploitation-of-on-premises-sharepoint-vulnerabilities/"
)

// next lists what to do, in the order preserve, contain, eradicate, recover.
func next(v wire.Verdict, findings []finding.Finding, open []string) []wire.NextStep {
	phases := map[finding.Phase]bool{}
	var cves, techniques []string
	for _, f := range findings {
		phases[f.Phase] = true
		cves = append(cves, f.CVEs...)
		techniques = append(techniques, f.Techniques...)
	}
	has := func(list []string, ids ...string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(list, id) })
	}
	var steps []wire.NextStep
	add := func(text, source string) { steps = append(steps, wire.NextStep{Text: text, Source: source}) }
	switch v {
	case wire.Compromised:
		add("Preserve first: take a memory and disk image, and copy the logs off the server, before anything is deleted or patched.", cisaPlaybook)
		add("Contain: take the server off the Internet and block the addresses named here at the edge; assume that the intruder reads what is on it, mail too.", cisaPlaybook)
		if phases[finding.Backdoor] || has(cves, "CVE-2021-27065", "CVE-2021-34473", "CVE-2025-53770") {
			add("Eradicate: remove the shells named here only after they are copied; then compare every script under the web folders with a clean build, and look for more.", nsaWebshell)
		}
		if has(cves, "CVE-2021-26855", "CVE-2021-27065") {
			add("Read back every virtual directory's ExternalUrl and InternalUrl (Get-OabVirtualDirectory | fl) and clear what holds script: an update leaves it there.", msExchangeLogs)
		}
		if has(cves, "CVE-2025-53770", "CVE-2025-49704", "CVE-2025-49706") {
			add("Rotate the ASP.NET machine keys and restart IIS: whoever read them comes back through a patched server.", msToolShell)
		}
		if has(techniques, "T1003", "T1003.001", "T1003.002", "T1003.003", "T1003.006") {
			add("Credentials were taken: reset every account that was logged on, and krbtgt twice, after the intruder is out.", msKrbtgt)
		}
		if has(techniques, "T1114", "T1114.002", "T1567", "T1048") {
			add("Mail was exported: find out whose, and whether the law asks you to tell them.", "")
		}
		add("Recover on a rebuilt server with the newest build; patching alone does not remove an intruder.", msResponder)
	case wire.Attacked:
		add("Keep the logs: copy IIS, HttpProxy and event logs before they roll over.", cisaPlaybook)
		add("Look where success would show: scan the web folders and the event logs of the server too, if they were not in this evidence.", msResponder)
	case wire.NotEnough:
		add("Collect more: IIS logs, Exchange's Logging folder, the winevt\\Logs folder and the web folders of the server, then scan again.", "")
	case wire.NoSign:
		add("Keep the logs longer than the attacks you want to see: IIS a year, HttpProxy more than its default of 30 days.", "")
	}
	if len(open) > 0 {
		add("Install the newest security update for this cumulative update, and check the result with HealthChecker.", msHealth)
	}
	if slices.Contains(open, "CVE-2024-21410") {
		add("Turn on Extended Protection.", msExtended)
	}
	return steps
}
