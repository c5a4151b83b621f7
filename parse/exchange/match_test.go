package exchange_test

import (
	"testing"

	"limier/parse/exchange"
)

// Web pages lie in a folder whose name is that of a log.
func TestPagesAreNoLogs(t *testing.T) {
	const folder = "C/Program Files/Microsoft/Exchange Server/V15/FrontEnd/HttpProxy/"
	for _, head := range []string{"Name                            : OAB (Default Web Site)\r\n", "<%@ Page Language=\"JScript\" %>\r\n", "<?xml version=\"1.0\"?>\r\n", "a,b,c\r\n"} {
		if exchange.Parser.Match(folder+"owa/auth/a.aspx", []byte(head)) {
			t.Errorf("%q taken for a log", head)
		}
	}
	if !exchange.Parser.Match(folder+"x.csv", []byte("\"DateTime\",\"UrlStem\",\"AnchorMailbox\"\r\n")) {
		t.Error("an excerpt is not recognised")
	}
}
