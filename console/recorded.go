package console

import (
	"regexp"
	"strings"
)

// recorded says a text that was stored in English as it was written: a detail
// of the audit log, what a claim contradicts, why a case could not be stored.
// What has no translation, such as a path, stays.
func (w *words) recorded(s string) string {
	if w.lang == "fr" {
		for _, p := range recordedTexts {
			if m := p.english.FindStringSubmatchIndex(s); m != nil {
				if what, ok := strings.CutSuffix(p.french, "$1"); ok && strings.HasSuffix(what, " : ") {
					return spaced(what) + w.recorded(s[m[2]:m[3]]) // what of, why
				}
				return string(p.english.ExpandString(nil, spaced(p.french), s, m))
			}
		}
	}
	return s
}

var recordedTexts = []struct {
	english *regexp.Regexp
	french  string
}{
	{regexp.MustCompile(`^(\d+) objects, (\d+) left out that were withdrawn$`), "$1 objets, $2 retirés laissés de côté"},
	{regexp.MustCompile(`^(\d+) uses, until (\S+)$`), "$1 utilisations, jusqu'au $2"},
	{regexp.MustCompile(`^server (\d+)$`), "serveur $1"},
	{regexp.MustCompile(`^request (\d+)$`), "demande $1"},
	{regexp.MustCompile(`^case (\d+)$`), "dossier $1"},
	{regexp.MustCompile(`^command line$`), "ligne de commande"},
	{regexp.MustCompile(`^hub$`), "concentrateur"},
	{regexp.MustCompile(`^token (\S+)$`), "jeton $1"},

	{regexp.MustCompile(`^the token is unknown, used up or expired: ask the hub's administrator for another$`), "le jeton est inconnu, épuisé ou expiré : demandez-en un autre à l'administrateur du concentrateur"},
	{regexp.MustCompile(`^a server of that name is enrolled already: revoke it first, or choose another name$`), "un serveur de ce nom est déjà inscrit : révoquez-le d'abord, ou choisissez un autre nom"},

	{regexp.MustCompile(`^(".*"): a name has 1 to 200 characters and begins with a letter or a digit(?:; give the server another with --name)?$`), "$1 : un nom a de 1 à 200 caractères et commence par une lettre ou un chiffre"},
	{regexp.MustCompile(`^(".*"): a name has letters, digits, dots, hyphens and underscores, of ASCII alone(?:; give the server another with --name)?$`), "$1 : un nom n'a que des lettres, chiffres, points, traits d'union et soulignés, en ASCII"},

	{regexp.MustCompile(`^the administrator of the server does not allow it$`), "l'administrateur du serveur ne l'autorise pas"},
	{regexp.MustCompile(`^this is no path in the evidence$`), "ce n'est pas un chemin des pièces"},
	{regexp.MustCompile(`^the evidence cannot be opened: (.*)$`), "les pièces ne peuvent être ouvertes : $1"},
	{regexp.MustCompile(`^it cannot be read: (.*)$`), "il ne peut être lu : $1"},
	{regexp.MustCompile(`^it is larger than (\d+) MiB$`), "il dépasse $1 Mio"},
	{regexp.MustCompile(`^it has changed: its hash is another now$`), "il a changé : son empreinte n'est plus la même"},
	{regexp.MustCompile(`^the hub did not take it: (.*)$`), "le concentrateur ne l'a pas pris : $1"},

	{regexp.MustCompile(`^the spool was full$`), "la file d'attente du collecteur était pleine"},
	{regexp.MustCompile(`^damaged or too large in the spool: (.*)$`), "abîmé ou trop grand dans la file d'attente du collecteur : $1"},
	{regexp.MustCompile(`^the hub refuses it: (.*)$`), "le concentrateur le refuse : $1"},

	{regexp.MustCompile(`^the server is unknown or revoked$`), "le serveur est inconnu ou révoqué"},
	{regexp.MustCompile(`^the store refuses it: (.*)$`), "la base le refuse : $1"},
	{regexp.MustCompile(`^unreadable in the queue: (.*)$`), "illisible dans la file d'attente : $1"},
	{regexp.MustCompile(`^no submissions?$`), "ce n'est pas un envoi"},
	{regexp.MustCompile(`^a submission without hashes$`), "un envoi sans empreintes"},

	{regexp.MustCompile(`^no whole case: (.*)$`), "ce n'est pas un dossier entier : $1"},
	{regexp.MustCompile(`^it is empty$`), "il est vide"},
	{regexp.MustCompile(`^(?:it was cut short: there is no end|unexpected EOF)$`), "il est tronqué"},
	{regexp.MustCompile(`^there is more after the end$`), "il continue après sa fin"},
	{regexp.MustCompile(`^more than (\d+) messages$`), "plus de $1 messages"},
	{regexp.MustCompile(`^a message of more than (\d+) MiB$`), "un message de plus de $1 Mio"},
	{regexp.MustCompile(`^message (\d+) holds more than (\d+) values$`), "le message $1 contient plus de $2 valeurs"},
	{regexp.MustCompile(`^message (\d+) is several at once$`), "le message $1 en est plusieurs à la fois"},
	{regexp.MustCompile(`^message \d+: a stream begins with one start, and has no other$`), "un flux commence par un seul début, et n'en a pas d'autre"},
	{regexp.MustCompile(`^message (\d+): (.*)$`), "message $1 illisible ($2)"},
	{regexp.MustCompile(`^its first (\d+) messages hold more than a case of (\d+) MiB can$`), "ses $1 premiers messages contiennent plus que ne le peut un dossier de $2 Mio"},
	{regexp.MustCompile(`^it has the format (".*"); this version reads (\S+)$`), "il a le format $1 ; cette version lit $2"},
	{regexp.MustCompile(`^the case is larger than (\d+) MiB$`), "le dossier dépasse $1 Mio"},
	{regexp.MustCompile(`^the case is larger than (\d+) bytes compressed$`), "le dossier dépasse $1 octets une fois comprimé"},

	{regexp.MustCompile(`^stronger than the primary source: (.*) itself said (.*) \((\S+)\), if it speaks of the same activities as the rest of the document$`), "plus fort que la source première : $1 a dit lui-même $2 ($3), s'il s'agit des mêmes activités que le reste du document"},
	{regexp.MustCompile(`^stronger than the primary source: (.*) itself said (.*) \((\S+)\)$`), "plus fort que la source première : $1 a dit lui-même $2 ($3)"},
	{regexp.MustCompile(`^(.*) says the opposite(?:, if it speaks of the same activities as the rest of the document)?$`), "$1 dit le contraire"},
	{regexp.MustCompile(`^(.*) denies it(?:, if it speaks of the same activities as the rest of the document)?$`), "$1 le nie"},
}
