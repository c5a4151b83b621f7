package console

// french is the catalogue: what the console says, in French.
var french = map[string]string{
	// The frame.
	"%s: %s": "%s : %s", "Skip to the content": "Aller au contenu", "Main": "Principal", "Log in": "Se connecter", "Log out": "Se déconnecter",
	"Estate": "Parc", "Servers": "Serveurs", "Search": "Recherche", "Campaigns": "Campagnes", "To notify": "À prévenir", "Knowledge": "Connaissances",
	"Read a report": "Lire un rapport", "Publication": "Publication", "Administration": "Administration", "Next page": "Page suivante",
	"All times are UTC. The console holds no script and loads nothing from elsewhere.": "Toutes les heures sont en UTC. La console ne contient aucun script et ne charge rien d'ailleurs.",

	// Words of the stream.
	"compromised": "compromis", "attacked": "attaqué", "exposed": "exposé", "no sign found": "aucun signe trouvé", "not enough evidence": "pièces insuffisantes", "no case yet": "pas encore de dossier",
	"low": "faible", "moderate": "modérée", "high": "élevé", "medium": "moyen", "critical": "critique", "informational": "pour information",
	"low confidence": "confiance faible", "moderate confidence": "confiance modérée", "high confidence": "confiance élevée",
	"succeeded": "réussi", "attempted": "tenté",
	"ipv4-addr": "adresse", "ipv6-addr": "adresse", "file": "fichier", "sha256": "SHA-256", "user-account": "compte", "process": "processus", "user-agent": "agent utilisateur", "url": "URL", "domain-name": "domaine",
	"shell-parameter": "paramètre de web shell", "technique-set": "ensemble de techniques", "attacker": "attaquant", "scanner": "balayage", "shell": "web shell",
	"viewer": "lecture", "analyst": "analyse", "publisher": "publication", "admin": "administration",
	"asked": "demandé", "received": "reçu", "refused": "refusé",
	"indicators": "indicateurs", "files": "fichiers", "findings": "constats",
	"server": "serveur", "servers": "serveurs", "organisation": "organisation", "organisations": "organisations", "case": "dossier", "cases": "dossiers",

	// The estate.
	"The estate at a glance":                                      "Le parc en un coup d'œil",
	"This hub knows %s, %s and %s.":                               "Ce concentrateur connaît %s, %s et %s.",
	"The outbreak: servers by the day of their first hostile act": "La vague : serveurs selon le jour de leur premier acte hostile",
	"Servers by the day of their first hostile act":               "Serveurs selon le jour de leur premier acte hostile",
	"The same as a table":                                         "La même chose en tableau", "Day": "Jour", "No server reported a hostile act.": "Aucun serveur n'a signalé d'acte hostile.",
	"Open to, by their build": "Exposés à, d'après leur version", "Depends": "Selon réglages", "Share": "Part", "exploited": "exploitée",
	"“Depends” counts servers whose configuration decides, and the evidence did not show it. “Exploited” is CISA's list.": "« Selon réglages » compte les serveurs dont la configuration décide et que les pièces ne montraient pas. « Exploitée » : d'après la liste de la CISA.",
	"No build that was reported is open to a known vulnerability.":                                                        "Aucune version signalée n'est exposée à une vulnérabilité connue.",
	"Not in the picture, which shows one year: %s, in the table.":                                                         "Hors du graphique, qui montre un an : %s, dans le tableau.",
	"The first %s of %s.": "Les %s premières sur %s.", "Servers by any of them": "Serveurs selon l'une d'elles",
	"Builds": "Versions", "Build": "Version", "No build was reported.": "Aucune version n'a été signalée.",

	// Servers.
	"Name begins with": "Le nom commence par", "Verdict": "Verdict", "any": "tous", "Organisation": "Organisation", "Show": "Afficher", "Server": "Serveur", "Confidence": "Confiance",
	"First hostile act": "Premier acte hostile", "Last hostile act": "Dernier acte hostile", "Last contact": "Dernier contact", "No server fits.": "Aucun serveur ne correspond.",
	"Servers whose build is open to it, and those of which their configuration decides.": "Serveurs dont la version y est exposée, et ceux dont la configuration décide.",
	"Open the report": "Ouvrir le rapport", "Enrolled": "Inscrit", "revoked": "révoqué", "Files on request": "Fichiers sur demande", "allowed": "autorisés", "not allowed": "non autorisés",
	"The clock of this server is ahead by %s or more: it says that its evidence was taken after it arrived here.": "L'horloge de ce serveur avance d'au moins %s : il dit avoir relevé ses pièces après leur arrivée ici.",
	"Next steps": "Que faire maintenant", "Findings of the newest case": "Constats du dossier le plus récent", "Time": "Heure", "Level": "Niveau", "Finding": "Constat", "Findings": "Constats", "Outcome": "Issue",
	"There is no finding.": "Il n'y a aucun constat.", "Files that no baseline knows": "Fichiers qu'aucune référence ne connaît", "Path": "Chemin", "Bytes": "Octets",
	"Ask for it: %s": "Le demander : %s", "Ask for it": "Le demander", "The case names none.": "Le dossier n'en nomme aucun.", "Files asked for": "Fichiers demandés", "Asked": "Demandé", "By": "Par", "State": "État",
	"Cases": "Dossiers", "Received": "Reçu", "Read": "Lire", "Take as": "Exporter en", "report": "rapport", "No case was received yet.": "Aucun dossier n'a encore été reçu.",
	"Revoke this collector": "Révoquer ce collecteur",
	"The administrator of this server does not let the hub ask for files.": "L'administrateur de ce serveur n'autorise pas le concentrateur à demander des fichiers.",

	// Search, prevalence and campaigns.
	"What it begins with: an address, path, file name, hash, account, domain; for findings, any part of the title": "Ce qu'on cherche, par son début : adresse, chemin, nom de fichier, empreinte, compte, domaine ; pour les constats, une partie du titre",
	"In": "Dans", "Nothing fits.": "Rien ne correspond.", "Type": "Type", "Value": "Valeur", "Part": "Rôle", "First": "Première observation", "Last": "Dernière observation", "Find": "Rechercher", "Rule": "Règle",
	"There is nothing of that kind to search in.": "Il n'y a rien de ce genre où chercher.",
	"Prevalence": "Prévalence", "Prevalence by build": "Prévalence par version",
	"The same file on nearly all of many servers of a build is most likely the product's; on one of ten thousand it is not. Of few servers the share says little: an intruder leaves the same shell on each. Counts are of the whole estate.": "Le même fichier sur presque tous les serveurs d'une version, s'ils sont nombreux, est très probablement celui du produit ; sur un sur dix mille, il ne l'est pas. Sur peu de serveurs, la part dit peu : un intrus laisse le même web shell sur chacun. Les nombres portent sur tout le parc.",
	"Servers with it": "Serveurs qui l'ont", "of the build's": "Serveurs de la version", "with any unknown file at this path": "Avec un fichier inconnu à ce chemin",
	"Servers with this finding": "Serveurs avec ce constat",
	"Campaigns across servers":  "Campagnes sur plusieurs serveurs", "Campaign": "Campagne",
	"What several servers share: a client address, a web shell's path, content or parameter, a set of techniques. A shared thing is a lead, not a culprit.": "Ce que plusieurs serveurs partagent : une adresse de client, le chemin, le contenu ou le paramètre d'un web shell, un ensemble de techniques. Un point commun est une piste, pas un coupable.",
	"Shared": "Point commun", "anything": "tous", "What": "Quoi", "No two servers share one yet.": "Aucun point commun entre deux serveurs pour l'instant.",
	"What these servers share besides": "Ce que ces serveurs partagent en outre",
	"of its first %s servers":          "de ses %s premiers serveurs", "Compared are its first %s servers.": "La comparaison porte sur ses %s premiers serveurs.",

	// Whom to notify.
	"Whom to notify": "Qui prévenir",
	"Organisations with servers that were broken into or attacked, and not told since, the gravest first.": "Organisations dont des serveurs ont été compromis ou attaqués et qui n'ont pas été prévenues depuis, les plus touchées d'abord.",
	"Take the list as CSV": "Exporter la liste en CSV", "All organisations, the gravest first.": "Toutes les organisations, les plus touchées d'abord.", "Only those to notify": "Seulement celles à prévenir", "All organisations": "Toutes les organisations", "Organisations": "Organisations", "Contact": "Contact", "Told": "Prévenue",
	"Mark as told: %s": "Marquer comme prévenue : %s", "Mark as told": "Marquer comme prévenue", "Nobody needs to be told anything.": "Personne n'est à prévenir.",

	// Logging in.
	"Log in with %s": "Se connecter avec %s", "or with a password of this hub:": "ou avec un mot de passe de ce concentrateur :", "Name": "Nom", "Password": "Mot de passe",
	"This hub has no account yet.": "Ce concentrateur n'a pas encore de compte.", "Set it up with the token that it printed when it first started.": "Configurez-le avec le jeton affiché à son premier démarrage.",
	"No token for an administrator is left: it was used, or is more than a day old. If nobody can log in, \"limier serve token --admin\" at the hub makes another.": "Il ne reste aucun jeton d'administrateur : il a servi, ou date de plus d'un jour. Si personne ne peut se connecter, « limier serve token --admin » sur le concentrateur en crée un autre.",
	"Set up the hub": "Configurer le concentrateur", "The hub printed a token when it first started. It makes the first administrator, once.": "Le concentrateur a affiché un jeton à son premier démarrage. Il crée le premier administrateur, une seule fois.",
	"Token": "Jeton", "Password (12 characters or more)": "Mot de passe (12 caractères au moins)", "Make the administrator": "Créer l'administrateur", "To the estate": "Vers le parc",
	"The name or the password is wrong.": "Le nom ou le mot de passe est faux.", "Too many tries. Wait %d seconds.": "Trop d'essais. Attendez %d secondes.",
	"Your log-in has ended. Log in again.": "Votre session est terminée. Reconnectez-vous.", "This account is disabled.": "Ce compte est désactivé.",
	"Your account may not do this: it needs the role %s.":                            "Votre compte ne le permet pas : il faut le rôle %s.",
	"This request came from another site and was refused.":                           "Cette requête venait d'un autre site ; elle a été refusée.",
	"The form could not be read.":                                                    "Le formulaire n'a pas pu être lu.",
	"This form is out of date. Go back, load the page again, and send it once more.": "Ce formulaire est périmé. Revenez en arrière, rechargez la page et renvoyez-le.",
	"This is not the token, or it was used.":                                         "Ce n'est pas le jeton, ou il a déjà servi.",
	"A name has letters, digits and . _ @ - only, 64 at most.":                       "Un nom n'a que des lettres, des chiffres et . _ @ -, 64 au plus.",
	"A password has %d characters or more.":                                          "Un mot de passe a %d caractères au moins.",
	"The log-in service does not answer. Try again, or log in with a password.":      "Le service de connexion ne répond pas. Réessayez, ou connectez-vous avec un mot de passe.",
	"The log-in was not accepted. Start again from the log-in page.":                 "La connexion n'a pas été acceptée. Recommencez depuis la page de connexion.",
	"Your account has no role here. Ask an administrator for one.":                   "Votre compte n'a pas de rôle ici. Demandez-en un à un administrateur.",
	"Your account belongs to no organisation. Ask an administrator for one.":         "Votre compte n'appartient à aucune organisation. Demandez à un administrateur.",

	// The account.
	"Your account": "Votre compte", "Role": "Rôle", "all": "toutes", "Change the password": "Changer le mot de passe", "Password now": "Mot de passe actuel", "New password (12 characters or more)": "Nouveau mot de passe (12 caractères au moins)",
	"Change it": "Le changer", "All other log-ins of this account end.": "Toutes les autres sessions de ce compte prennent fin.", "The password is wrong.": "Le mot de passe est faux.",
	"Token for programs": "Jeton pour programmes", "Copy it now: it is shown this once.": "Copiez-le maintenant : il n'est montré qu'une fois.", "Make a token": "Créer un jeton",
	"A token does in the API what this account may do, for 90 days. Changing the password ends it.": "Un jeton fait dans l'API ce que ce compte peut faire, pendant 90 jours. Changer le mot de passe y met fin.",

	// Administration.
	"Accounts": "Comptes", "Logs in with": "Connexion par", "password": "mot de passe", "Created": "Créé", "Failed log-ins": "Échecs de connexion", "disabled": "désactivé", "active": "actif",
	"Enable": "Activer", "Disable": "Désactiver", "Enable %s": "Activer %s", "Disable %s": "Désactiver %s", "New account": "Nouveau compte", "Organisation (empty: all)": "Organisation (vide : toutes)", "Make the account": "Créer le compte",
	"Enrolment tokens": "Jetons d'inscription", "A token lets collectors of one organisation enrol. It is shown once and wears out.": "Un jeton permet aux collecteurs d'une organisation de s'inscrire. Il n'est montré qu'une fois et s'épuise.",
	"Made by": "Créé par", "Expires": "Expire", "Uses left": "Usages restants", "Revoke": "Révoquer", "Revoke the token of %s": "Révoquer le jeton de %s", "Uses": "Usages", "Days": "Jours",
	"Identifier": "Identifiant", "Country": "Pays", "Save": "Enregistrer", "Dead letters": "Dossiers non conservés",
	"Cases that could not be kept. They stay until they are replayed or expire.": "Dossiers qui n'ont pas pu être conservés. Ils restent là jusqu'à ce qu'on les rejoue ou que leur délai expire.",
	"Reason": "Raison", "Replay": "Rejouer", "Replay letter %d": "Rejouer le dossier %d", "replayed": "rejoué", "There is none.": "Il n'y en a aucun.",
	"Audit log": "Journal d'audit", "Who": "Qui", "Did": "A fait", "To": "À", "Detail": "Détail", "From": "Depuis",
	"made account": "compte créé", "enabled account": "compte activé", "disabled account": "compte désactivé", "made token": "jeton d'inscription créé", "revoked token": "jeton révoqué", "changed organisation": "organisation modifiée",
	"replayed dead letter": "dossier rejoué", "changed password": "mot de passe changé", "made API token": "jeton d'API créé", "exported case": "dossier exporté", "asked for file": "fichier demandé", "revoked server": "collecteur révoqué",
	"accepted claims": "affirmations acceptées", "log-in failed": "échec de connexion", "logged in": "connexion", "logged out": "déconnexion", "published": "publié", "exported the list of whom to notify": "liste à prévenir exportée", "notified organisation": "organisation prévenue",
	"token-create": "jeton d'inscription créé", "admin-token-create": "jeton d'administrateur créé", "enrol": "inscription", "enrol-refused": "inscription refusée", "renew": "certificat renouvelé", "file-ask": "fichier demandé", "file-received": "fichier reçu", "file-refused": "fichier refusé",
	"The account was made.": "Le compte a été créé.", "The token was made.": "Le jeton a été créé.", "The organisation was saved.": "L'organisation a été enregistrée.",
	"There is no such role.": "Ce rôle n'existe pas.", "There is an account of that name.": "Un compte porte déjà ce nom.", "You cannot disable your own account.": "Vous ne pouvez pas désactiver votre propre compte.",
	"An organisation's identifier has letters, digits and . _ - only.": "L'identifiant d'une organisation n'a que des lettres, des chiffres et . _ -.",
	"An organisation needs a name.":                                    "Une organisation a besoin d'un nom.", "A country has two letters: FR.": "Un pays a deux lettres : FR.",
	"A token has 1 to 100,000 uses and lasts 1 to 365 days.": "Un jeton a de 1 à 100 000 usages et dure de 1 à 365 jours.",
	"This hub cannot make tokens.":                           "Ce concentrateur ne peut pas créer de jetons.",
	"This hub cannot replay letters.":                        "Ce concentrateur ne peut pas rejouer de dossiers.",

	// Knowledge.
	"Who says what of whom, how sure, in which words. Claims are never merged, and another name of an actor is one party's word: it is not followed further.": "Qui dit quoi de qui, avec quelle certitude, en quels mots. Les affirmations ne sont jamais fusionnées, et un autre nom d'un acteur est la parole d'une partie : on n'en déduit rien de plus.",
	"Actor, campaign or organisation": "Acteur, campagne ou organisation", "That it is called %s is the word of:": "Qu'il se nomme %s est la parole de :", "Kind": "Genre", "Software": "Logiciels", "of that, only its own": "dont propres à lui seul", "Sources": "Sources",
	"Other names, each by whom": "Autres noms, chacun selon qui", "Who says so": "Qui le dit", "When": "Quand", "%s by %s on their own.": "%s ; sources indépendantes : %s.", "claim": "affirmation", "claims": "affirmations", "party": "partie", "parties": "parties",
	"Level: %s": "Niveau : %s", "At no level": "Sans niveau", "Said": "Dit le", "Claim": "Affirmation", "How sure, in which words": "Avec quelle certitude, en quels mots", "not: %s": "non : %s", "does not say: %s": "ne dit pas : %s", "withdrawn": "retiré", "superseded": "remplacé", "disputed": "contesté", "repeats %s: no independent source": "reprend %s : pas une source indépendante",
	"likelihood": "probabilité", "confidence": "confiance", "No claim speaks of it.": "Aucune affirmation n'en parle.", "Actor": "Acteur", "somebody unnamed": "quelqu'un qui n'est pas nommé",
	"territory": "territoire", "group": "groupe", "persons": "personnes", "affiliated": "affilié à un organe", "state": "État",
	"attributed-to": "attribué à", "conducted-by": "mené par", "linked-to": "lié à", "originates-from": "provient de", "located-in": "situé en", "sponsored-by": "soutenu par", "tolerates": "toléré par", "alias-of": "aussi nommé", "member-of": "membre de", "uses": "utilise",
	"endorses": "fait sien", "denies": "dément", "accuses": "met en cause", "victim-count": "nombre de victimes", "indicts": "inculpe", "sanctions": "sanctionne", "seizes": "saisit", "expels": "expulse", "reports": "rapporte",
	"believed": "estimé", "possible": "possible", "hedged": "sous réserve", "hypothetical": "hypothétique", "predicted": "annoncé", "alleged": "allégué en justice", "acknowledged": "pris acte", "asserted": "affirmé",
	"almost-no-chance": "presque aucune chance", "very-unlikely": "très improbable", "unlikely": "improbable", "roughly-even-chance": "environ une chance sur deux", "likely": "probable", "very-likely": "très probable", "almost-certain": "presque certain",
	"intrusion-set": "mode opératoire d'attaque", "activity-cluster": "groupe d'activités", "malware": "logiciel malveillant",

	// Reading.
	"A public report in French or English becomes claims, each with its exact quote. They are the text's claims, not facts: what you accept is added to the knowledge in your name.": "Un rapport public en français ou en anglais devient des affirmations, chacune avec sa citation exacte. Ce sont celles du texte, pas des faits : ce que vous acceptez est ajouté aux connaissances en votre nom.",
	"What it claims": "Ce qu'il affirme", "Accept": "Accepter", "Quote": "Citation", "known": "connu", "Accept the claim: %s": "Accepter l'affirmation : %s", "look twice": "à revoir",
	"Day of the report, if a claim lacks one (yyyy-mm-dd)": "Jour du rapport, si une affirmation n'en a pas (aaaa-mm-jj)", "Add what is ticked to the knowledge": "Ajouter ce qui est coché aux connaissances", "It claims nothing that was understood.": "Il n'affirme rien qui ait été compris.",
	"The text, with what it names": "Le texte, avec ce qu'il nomme", "A report": "Un rapport", "Its title": "Son titre", "Its text": "Son texte", "or a file: text, HTML, PDF, Markdown or a mail": "ou un fichier : texte, HTML, PDF, Markdown ou courriel", "Read it": "Le lire",
	"Only an account without an organisation can add to the knowledge.": "Seul un compte sans organisation peut ajouter aux connaissances.",
	"There is nothing to read: paste a text or choose a file.":          "Il n'y a rien à lire : collez un texte ou choisissez un fichier.", "This document could not be read: %s": "Ce document n'a pas pu être lu : %s",
	"Nothing was added: %s": "Rien n'a été ajouté : %s", "%s added to the knowledge.": "%s ajoutée(s) aux connaissances.",

	// Publication.
	"Nothing leaves this hub unless a publisher lets it go here. Subscribers read it over TAXII 2.1 at /taxii2/ or as a MISP feed at /misp-feed/, with a token of their account.": "Rien ne sort de ce concentrateur sans qu'un responsable de publication le laisse partir ici. Les abonnés le lisent par TAXII 2.1 sous /taxii2/ ou comme flux MISP sous /misp-feed/, avec un jeton de leur compte.",
	"Claims": "Affirmations", "Who says what of whom, with level, grade and source": "Qui dit quoi de qui, avec niveau, degré et source", "Indicators": "Indicateurs", "What to look for elsewhere; nothing of who was attacked": "Ce qu'il faut chercher ailleurs ; rien de qui a été attaqué", "Objects": "Objets", "Last added": "Dernier ajout",
	"Publish the knowledge's claims": "Publier les affirmations", "Case": "Dossier", "Publish its indicators": "Publier ses indicateurs", "object": "objet", "objects": "objets", "Published: %s.": "Publié : %s.", "Marking": "Marquage",
	"Only an account without an organisation can publish.":   "Seul un compte sans organisation peut publier.",
	"This case holds no indicators: nothing was published.":  "Ce dossier ne contient aucun indicateur : rien n'a été publié.",
	"A case is a number: the report's address ends with it.": "Un dossier est un nombre : l'adresse du rapport finit par lui.",
	"Check a co-signed statement":                            "Vérifier une déclaration cosignée", "Paste a statement and the keys that you trust, which you have from elsewhere: the page shows who signed what, claim by claim.": "Collez une déclaration et les clés auxquelles vous vous fiez, que vous tenez d'ailleurs : la page montre qui a signé quoi, affirmation par affirmation.",
	"Statement": "Déclaration", "Keys: a line NAME = KEY each": "Clés : une ligne NOM = CLÉ chacune", "Check it": "La vérifier", "The statement could not be read: %s": "La déclaration n'a pas pu être lue : %s",

	// Errors.
	"Not found": "Introuvable", "Not allowed": "Non autorisé", "Too many tries": "Trop d'essais", "Not understood": "Non compris", "That did not work": "Cela n'a pas fonctionné",
	"There is no such thing here, or your account does not show it.":                                     "Il n'y a rien de tel ici, ou votre compte ne le montre pas.",
	"Only for those who see all organisations.":                                                          "Réservé à qui voit toutes les organisations.",
	"That is too large: %d MiB at most.":                                                                 "C'est trop grand : %d Mio au plus.",
	"Something went wrong here. The hub's log says what; try again, or tell the administrator the time.": "Une erreur s'est produite ici. Le journal du concentrateur dit laquelle ; réessayez, ou indiquez l'heure à l'administrateur.",
}
