package script

import (
	"testing"

	"limier/webshell"
)

// What stands in documentation of Perl is no code; what only looks like it is.
func TestDocumentation(t *testing.T) {
	const head, run = "#!/usr/bin/perl\nuse CGI;\nmy ($x, $y, %h) = (1, 2);\n", "system(CGI->new->param('c'));\n"
	for name, text := range map[string]string{
		"behind a statement": "$x = 'a';\n\n=pod\n\n  " + run + "\n=cut\n\n1;\n",
		"behind a function":  "sub f($$) {\n  return qq{a\"} . $h{s} / 2 . \"'\";\n}\n\n=head1 USE\n\n  my $c = CGI->new->param('c');\n\n=cut\n\nsub run {\n  my ($c) = @_;\n  system($c);\n}\n",
		"behind the end":     "$y =~ s/\"/'/g;\nprint <<EOT;\nit's\nEOT\n1;\n__END__\n\n=head1 USE\n\n  " + run,
		"behind patterns":    "$y = split m|'|, $x;\n$x //= tr{'}{\"};\n@h{qw(' \")} = ();\n# it's\n\n=over\n\n" + run,
	} {
		if v := webshell.Judge([]*webshell.Language{Language}, "a.pm", []byte(head+text)).Verdict; v == webshell.Webshell {
			t.Errorf("%s: %s", name, v)
		}
	}
	for name, text := range map[string]string{
		"in a string":          "$x = \";\n=pod\n\";\n" + run,
		"in a letter":          "$x = 'a;\n=pod\n';\n" + run,
		"in qq":                "$x = qq{ {} ;\n=pod\n};\n" + run,
		"in a here-document":   "$x = <<EOT;\n;\n=pod\nEOT\n" + run,
		"indented":             "$x = <<EOT;\n  EOT\n;\n=pod\nEOT\n" + run,
		"of two":               "$x = <<A . <<'B';\nA\n;\n=pod\nB\n" + run,
		"assigned":             "sub pod { 1 }\n$x\n=pod . " + run,
		"assigned in a hash":   "sub pod { 1 }\n$h{x}\n=pod . " + run,
		"behind a division":    "sub z() { 4 }\n$x = z / 2; $y = \"/;\n=pod\n\";\n" + run,
		"behind a block":       "{} /\"/; $y = \";\n=pod\n\";\n" + run,
		"behind a shift":       "sub EOT() { 1 }\n$x = $y <<EOT;\n$y = \";\nEOT\n;\n=pod\n\";\n" + run,
		"behind a method":      "sub q { 1 }\n$x = CGI-> q (\")\"); $y = \";\n=pod\n\";\n" + run,
		"behind a glob":        "@h = <'>; $y = ' \"; $x=\" ;\n=pod\n';\n" + run,
		"behind a variable":    "$y = $'; $x = \";\n=pod\n';\n\";\n" + run,
		"behind a count":       "$y = $#{[1]}; $x = \";\n=pod\n\";\n" + run,
		"behind what replaces": "$_ = 'x'; s/x/<<E/e;\n;\n=pod\nE\n" + run,
		"behind its end":       ";\n=pod\n\n=cut\n" + run,
		"behind words":         ";\n=pod\n\n=cut here\n" + run,
	} {
		if v := webshell.Judge([]*webshell.Language{Language}, "a.pl", []byte(head+text)).Verdict; v != webshell.Webshell {
			t.Errorf("%s: %s", name, v)
		}
	}
}
