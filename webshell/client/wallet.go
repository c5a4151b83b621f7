package client

import (
	"regexp"

	"limier/webshell"
)

var (
	// aWallet is the address of a wallet, and walletPattern a regular expression
	// that finds them, by the letters that they have.
	aWallet       = regexp.MustCompile(`^(?:bc1[a-z0-9]{25,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|0x[0-9a-fA-F]{40}|T[1-9A-HJ-NP-Za-km-z]{33})$`)
	walletPattern = regexp.MustCompile(`0x\)?\[[0-9a-fA-F-]{5,12}\]\{40\}|bc1|\[13\]?\)?\[[\w-]*[A-HJ-NP-Z]`)
)

const swapsText = "A script puts an address of its own in the place of those of wallets."

// ofWallets says that a regular expression finds addresses of wallets.
func (r *runner) ofWallets(pattern value) bool {
	s := pattern.o.name[:min(len(pattern.o.name), maxPattern)]
	r.left -= len(s) / 32
	return walletPattern.MatchString(s)
}

// replaces is a text in which all that a pattern finds is replaced.
func (r *runner) replaces(pattern, with value) {
	if !r.ofWallets(pattern) {
		return
	}
	if with.callable() {
		with = r.call(with, value{}, []value{{}})
	}
	if with.k == text && aWallet.MatchString(with.s) {
		r.tell(webshell.Malicious, "swaps-wallets", swapsText, with)
	}
}

// swaps is what a script puts in the place of what a visitor copies, or of whom
// he pays.
func (r *runner) swaps(v value) {
	if v.k == text && r.under&fromWallet != 0 && aWallet.MatchString(v.s) {
		r.tell(webshell.Malicious, "swaps-wallets", swapsText, v)
	}
}
