package html

import (
	"fmt"
	"strings"
)

// scripts are what the analysers of web shells say of a file, in French. What
// ends without a full stop stands before a colon there, and names follow.
var scripts = map[string]string{
	// Code and commands.
	"Text from the request is run as a command by the database server.":                                                                          "Du texte de la requête est exécuté comme commande par le serveur de base de données.",
	"Text that is not in the file is run as code, with the switch that lifts all limits.":                                                        "Du texte absent du fichier est exécuté comme code, avec l'option qui lève toutes les limites.",
	"Text from the request is handed to a call through reflection whose name the page hides.":                                                    "Du texte de la requête est remis à un appel par réflexion dont la page cache le nom.",
	"It runs where the page's language is JScript; here it was put into a page that its writer knew little of.":                                  "Il s'exécute là où le langage de la page est JScript ; ici il a été mis dans une page que son auteur connaissait mal.",
	"Code that reads the request is written backwards.":                                                                                          "Du code qui lit la requête est écrit à l'envers.",
	"Code that reads the request is put together from pieces, so that the page does not show it.":                                                "Du code qui lit la requête est assemblé de morceaux, pour que la page ne le montre pas.",
	"A command is run by the database server.":                                                                                                   "Une commande est exécutée par le serveur de base de données.",
	"A script is fetched and run by its moniker.":                                                                                                "Un script est téléchargé et exécuté par son moniker.",
	"A style sheet from the request, which may hold script, is run.":                                                                             "Une feuille de style de la requête, qui peut contenir du script, est exécutée.",
	"A style sheet holds a script for the server that runs programs or loads code.":                                                              "Une feuille de style contient un script pour le serveur, qui lance des programmes ou charge du code.",
	"Bytes from the request are placed in executable memory.":                                                                                    "Des octets de la requête sont placés en mémoire exécutable.",
	"The page allocates executable memory and starts a thread in it.":                                                                            "La page réserve de la mémoire exécutable et y lance un fil d'exécution.",
	"The code registers a provider of pages that exist only in memory.":                                                                          "Le code enregistre un fournisseur de pages qui n'existent qu'en mémoire.",
	"The request names the class and the method that are called, and sends what they are given.":                                                 "La requête nomme la classe et la méthode appelées et fournit ce qu'elles reçoivent.",
	"The request names the page that is run.":                                                                                                    "La requête nomme la page exécutée.",
	"The request names the object that is created.":                                                                                              "La requête nomme l'objet créé.",
	"The request names the object that is bound.":                                                                                                "La requête nomme l'objet lié.",
	"The page writes a script that it does not show, under a name that it makes up, and runs it.":                                                "La page écrit un script qu'elle ne montre pas, sous un nom qu'elle invente, et l'exécute.",
	"The page ends the process that the request names.":                                                                                          "La page arrête le processus que la requête nomme.",
	"The page runs a file that should hold no code":                                                                                              "La page exécute un fichier qui ne devrait pas contenir de code",
	"The code of the page is in a file that should hold none":                                                                                    "Le code de la page est dans un fichier qui ne devrait pas en contenir",
	"The page does nothing but run SQL statements that the request sends, and asks nobody who he is.":                                            "La page ne fait qu'exécuter les instructions SQL que la requête envoie et ne demande à personne qui il est.",
	"A whole SQL statement comes from the request.":                                                                                              "Une instruction SQL entière vient de la requête.",
	"A tag runs a whole SQL statement from the request.":                                                                                         "Une balise exécute une instruction SQL entière de la requête.",
	"The request names the database and sends part of the SQL statement.":                                                                        "La requête nomme la base de données et envoie une partie de l'instruction SQL.",
	"The request names the database and sends the SQL statement.":                                                                                "La requête nomme la base de données et envoie l'instruction SQL.",
	"The request names the database and the table that is read.":                                                                                 "La requête nomme la base de données et la table lue.",
	"The request names the database and what to read from it.":                                                                                   "La requête nomme la base de données et ce qui doit y être lu.",
	"The request says which database the page opens and what it runs there.":                                                                     "La requête dit quelle base de données la page ouvre et ce qu'elle y exécute.",
	"The request names a database and gives the SQL that is run there.":                                                                          "La requête nomme une base de données et fournit le SQL qui y est exécuté.",
	"The request names a database, which is made to write files or load a library.":                                                              "La requête nomme une base de données, à qui il est fait écrire des fichiers ou charger une bibliothèque.",
	"The request names a database, in which it sets a password.":                                                                                 "La requête nomme une base de données et y fixe un mot de passe.",
	"The database is made to write files or run commands.":                                                                                       "Il est fait écrire des fichiers ou exécuter des commandes à la base de données.",
	"The request sends the whole query for which the directory of the domain is searched.":                                                       "La requête fournit toute l'interrogation adressée à l'annuaire du domaine.",
	"The request sends a whole query that Windows answers about the system (WMI).":                                                               "La requête fournit toute une interrogation à laquelle Windows répond sur le système (WMI).",
	"The page opens a database by itself, lists its tables and reads them out.":                                                                  "La page ouvre elle-même une base de données, en liste les tables et les lit.",
	"The page decrypts the passwords of the server's databases.":                                                                                 "La page déchiffre les mots de passe des bases de données du serveur.",
	"The page decrypts the passwords in the server's configuration.":                                                                             "La page déchiffre les mots de passe de la configuration du serveur.",
	"The page opens the configuration of IIS itself, which holds accounts and passwords.":                                                        "La page ouvre la configuration d'IIS lui-même, qui contient des comptes et des mots de passe.",
	"Keys or passwords of the configuration are sent to the client.":                                                                             "Des clés ou des mots de passe de la configuration sont envoyés au client.",
	"The page asks Exchange for the mailbox of anyone whom the request names.":                                                                   "La page demande à Exchange la boîte aux lettres de quiconque la requête nomme.",
	"Search engines are shown links to other sites before any page.":                                                                             "Des liens vers d'autres sites sont montrés aux moteurs de recherche avant toute page.",
	"Content fetched from another server is written to a file whose ending the request chooses.":                                                 "Un contenu pris à un autre serveur est écrit dans un fichier dont la requête choisit l'extension.",
	"A configuration file of the server is sent to the client.":                                                                                  "Un fichier de configuration du serveur est envoyé au client.",
	"The request names the registry key that is read or written.":                                                                                "La requête nomme la clé de registre lue ou écrite.",
	"The request says which registry key the page handles.":                                                                                      "La requête dit quelle clé de registre la page traite.",
	"The page walks through all of the registry.":                                                                                                "La page parcourt tout le registre.",
	"The page changes accounts of the server.":                                                                                                   "La page modifie des comptes du serveur.",
	"The page makes or changes accounts of the server as the request says.":                                                                      "La page crée ou modifie des comptes du serveur selon la requête.",
	"The page makes an account an administrator of the server.":                                                                                  "La page fait d'un compte un administrateur du serveur.",
	"The page makes an account of the server.":                                                                                                   "La page crée un compte du serveur.",
	"The page calls the system to take another account's rights or to read other processes.":                                                     "La page appelle le système pour prendre les droits d'un autre compte ou lire d'autres processus.",
	"The page looks which security products the server has":                                                                                      "La page cherche quels produits de sécurité le serveur a",
	"The page says that it does not exist, except to a request with a certain header, which then gets at files, the database or another server.": "La page dit qu'elle n'existe pas, sauf à une requête qui porte un certain en-tête et qui atteint alors les fichiers, la base de données ou un autre serveur.",
	"The page says that it does not exist, but for a few addresses, for which it runs a command.":                                                "La page dit qu'elle n'existe pas, sauf à quelques adresses, pour lesquelles elle exécute une commande.",

	// Files.
	"A program hidden in the page is written to a file.":                                                                "Un programme caché dans la page est écrit dans un fichier.",
	"A web shell is written to a file.":                                                                                 "Un web shell est écrit dans un fichier.",
	"Nothing but a script of another host is written into files.":                                                       "Rien d'autre qu'un script d'un autre hôte n'est écrit dans des fichiers.",
	"An uploaded file is stored where the request says.":                                                                "Un fichier envoyé est enregistré là où la requête le dit.",
	"An uploaded file is stored wherever on the server the request says.":                                               "Un fichier envoyé est enregistré n'importe où sur le serveur, selon la requête.",
	"An uploaded file is stored as a script.":                                                                           "Un fichier envoyé est enregistré comme script.",
	"An uploaded file is stored in any folder the request names.":                                                       "Un fichier envoyé est enregistré dans tout dossier que la requête nomme.",
	"An uploaded file is stored under the name the client gave.":                                                        "Un fichier envoyé est enregistré sous le nom donné par le client.",
	"Content fetched from another server is written to a script or to a file that the request names.":                   "Du contenu pris sur un autre serveur est écrit dans un script ou dans un fichier que la requête nomme.",
	"Passwords that visitors type are written to a file in plain.":                                                      "Les mots de passe que les visiteurs saisissent sont écrits en clair dans un fichier.",
	"Text from the request alone is written into any folder that the request names.":                                    "Du texte venu de la seule requête est écrit dans tout dossier que la requête nomme.",
	"Text from the request alone is written to a script.":                                                               "Du texte venu de la seule requête est écrit dans un script.",
	"Text from the request is written to a file that the request names.":                                                "Du texte de la requête est écrit dans un fichier que la requête nomme.",
	"Text from the request is written to a file.":                                                                       "Du texte de la requête est écrit dans un fichier.",
	"Text from the request is written to a script as its code.":                                                         "Du texte de la requête est écrit dans un script et en devient le code.",
	"Text from the request is written to the script itself.":                                                            "Du texte de la requête est écrit dans le script lui-même.",
	"Data from the request alone is written to a script.":                                                               "Des données venues de la seule requête sont écrites dans un script.",
	"Data from the request is written to a file that the request names.":                                                "Des données de la requête sont écrites dans un fichier que la requête nomme.",
	"Data from the request is written to a file.":                                                                       "Des données de la requête sont écrites dans un fichier.",
	"The files of an archive that the client sends are stored on the server.":                                           "Les fichiers d'une archive envoyée par le client sont enregistrés sur le serveur.",
	"The files of an archive that the client sends are stored where the request says.":                                  "Les fichiers d'une archive envoyée par le client sont enregistrés là où la requête le dit.",
	"The page does little but write a script.":                                                                          "La page ne fait guère qu'écrire un script.",
	"The page does nothing but store uploads under the names the client gave, and checks neither names nor who asks.":   "La page ne fait qu'enregistrer les fichiers envoyés sous les noms donnés par le client et ne vérifie ni les noms ni qui demande.",
	"The page does nothing but store what it is sent under the name it is sent, and checks neither names nor who asks.": "La page ne fait qu'enregistrer ce qu'on lui envoie sous le nom envoyé et ne vérifie ni les noms ni qui demande.",
	"The page does nothing but unpack archives that the client sends, and asks nobody who he is.":                       "La page ne fait que décompresser les archives que le client envoie et ne demande à personne qui il est.",
	"The page lists any folder of the server that the client names.":                                                    "La page liste tout dossier du serveur que le client nomme.",
	"The request names any file of the server and the time that it shall show.":                                         "La requête nomme n'importe quel fichier du serveur et la date qu'il doit montrer.",
	"The page sends the client any file of the server that the request names.":                                          "La page envoie au client tout fichier du serveur que la requête nomme.",
	"The page sends the client any file of the server that he names.":                                                   "La page envoie au client tout fichier du serveur qu'il nomme.",
	"The content of a file that the client names leaves the server as names that are looked up.":                        "Le contenu d'un fichier que le client nomme quitte le serveur sous forme de noms à résoudre.",
	"The page stores any uploaded file in the folder that the request names.":                                           "La page enregistre tout fichier envoyé dans le dossier que la requête nomme.",
	"The page writes what the request sends into a script.":                                                             "La page écrit dans un script ce que la requête envoie.",
	"The page writes a script that it carries into a file.":                                                             "La page écrit dans un fichier un script qu'elle porte.",
	"The page lists, reads, writes or deletes files as the request says.":                                               "La page liste, lit, écrit ou supprime des fichiers selon la requête.",
	"The page lists, reads, writes or deletes files anywhere as the request says.":                                      "La page liste, lit, écrit ou supprime des fichiers n'importe où, selon la requête.",
	"The page handles files that the request names.":                                                                    "La page traite des fichiers que la requête nomme.",
	"The page reads any file or folder that the request names.":                                                         "La page lit tout fichier ou dossier que la requête nomme.",
	"The request says which address is fetched and to which file it is stored.":                                         "La requête dit quelle adresse est téléchargée et dans quel fichier elle est enregistrée.",
	"The request says which file the page handles.":                                                                     "La requête dit quel fichier la page traite.",
	"The request says which file the page writes, and what.":                                                            "La requête dit quel fichier la page écrit, et quoi.",
	"The request says which file the page writes.":                                                                      "La requête dit quel fichier la page écrit.",
	"The page fetches a file from the network and stores it under a name from the request.":                             "La page télécharge un fichier et l'enregistre sous un nom pris dans la requête.",
	"The page fetches a script from the network and stores it.":                                                         "La page télécharge un script et l'enregistre.",

	// Networks and visitors.
	"The page posts what the request sends to any address that the request names.":                                             "La page envoie ce que la requête fournit à toute adresse que la requête nomme.",
	"The request names a port of this host to which the page talks.":                                                           "La requête nomme un port de cette machine, auquel la page parle.",
	"The page connects to any host and port that the request names: a tunnel.":                                                 "La page se connecte à tout hôte et port que la requête nomme : un tunnel.",
	"The page keeps a socket from one request to the next and passes data both ways: a tunnel.":                                "La page garde une connexion d'une requête à l'autre et passe des données dans les deux sens : un tunnel.",
	"The page asks any server whose address the client sends encoded or in a header, and hands him the answer: a tunnel.":      "La page interroge tout serveur dont le client envoie l'adresse, encodée ou dans un en-tête, et lui remet la réponse : un tunnel.",
	"The page asks any server whose address a header of the request names.":                                                    "La page interroge tout serveur dont un en-tête de la requête donne l'adresse.",
	"The page fetches addresses that the request names, many at a time.":                                                       "La page télécharge des adresses que la requête nomme, beaucoup à la fois.",
	"The page opens a raw socket, as sniffers and scanners do.":                                                                "La page ouvre une connexion brute, comme les renifleurs et les scanners.",
	"The page opens a network socket.":                                                                                         "La page ouvre une connexion réseau.",
	"The page opens a web server of its own.":                                                                                  "La page ouvre son propre serveur web.",
	"The page ties a shell to a network socket.":                                                                               "La page relie un interpréteur de commandes à une connexion réseau.",
	"Search engines, or those who come from them, are sent content fetched from another server.":                               "Les moteurs de recherche, ou ceux qui en viennent, reçoivent du contenu pris sur un autre serveur.",
	"Search engines, or those who come from them, are sent to another site.":                                                   "Les moteurs de recherche, ou ceux qui en viennent, sont envoyés vers un autre site.",
	"Search engines, or those who come from them, are sent to another site or its script.":                                     "Les moteurs de recherche, ou ceux qui en viennent, sont envoyés vers un autre site ou vers son script.",
	"The page checks passwords itself and sends them to another server as well.":                                               "La page vérifie elle-même les mots de passe et les envoie aussi à un autre serveur.",
	"A script in the page sends what is typed as password besides the form, and the page writes what it is sent to a file.":    "Un script de la page envoie, à côté du formulaire, ce qui est saisi comme mot de passe, et la page écrit ce qu'elle reçoit dans un fichier.",
	"A script in the page sends what is typed as password to another host as well.":                                            "Un script de la page envoie aussi à un autre hôte ce qui est saisi comme mot de passe.",
	"A script for the browser takes the names of what it reads and adds from hexadecimal text, as thieves of card numbers do.": "Un script pour le navigateur tire d'un texte hexadécimal les noms de ce qu'il lit et ajoute, comme le font les voleurs de numéros de carte.",
	"The page boasts of having replaced another one.":                                                                          "La page se vante d'en avoir remplacé une autre.",
	"The page's own text says that the site was broken into.":                                                                  "Le texte même de la page dit que le site a été piraté.",
	"The page shows nothing and sends its visitors to another host":                                                            "La page ne montre rien et envoie ses visiteurs vers un autre hôte",
	"A frame of another host is kept out of sight":                                                                             "Un cadre d'un autre hôte est tenu hors de vue",
	"A tool marked the script that it put into this file, so as to find it again.":                                             "Un outil a marqué le script qu'il a mis dans ce fichier, pour le retrouver.",
	"Outside the page's own markup a frame of another host is kept out of sight":                                               "Hors du balisage propre de la page, un cadre d'un autre hôte est tenu hors de vue",
	"Outside the page's own markup a script of another host is loaded":                                                         "Hors du balisage propre de la page, un script d'un autre hôte est chargé",
	"Links to other hosts are kept out of sight, as is done for search engines":                                                "Des liens vers d'autres hôtes sont tenus hors de vue, comme on le fait pour les moteurs de recherche",
	"A logon page writes to a chat service.":                                                                                   "Une page de connexion écrit à une messagerie instantanée.",
	"A script loads another of a host that the file does not name in plain.":                                                   "Un script en charge un autre, d'un hôte que le fichier ne nomme pas en clair.",
	"A script sends the visitor to a host that the file does not name in plain.":                                               "Un script envoie le visiteur vers un hôte que le fichier ne nomme pas en clair.",
	"A script sends visitors who come from search engines to another site.":                                                    "Un script envoie vers un autre site les visiteurs qui viennent de moteurs de recherche.",
	"A script shows the visitor a frame of a host that the file does not name in plain.":                                       "Un script montre au visiteur un cadre d'un hôte que le fichier ne nomme pas en clair.",
	"Fields of payment cards are sent to another host as no shop does it.":                                                     "Des champs de carte de paiement sont envoyés à un autre hôte comme aucune boutique ne le fait.",
	"The visitor's browser runs what another host answers.":                                                                    "Le navigateur du visiteur exécute ce qu'un autre hôte répond.",
	"What visitors type is sent to a host that the file does not name in plain.":                                               "Ce que les visiteurs saisissent est envoyé à un hôte que le fichier ne nomme pas en clair.",

	// Configuration, carriers and assemblies.
	"A class of a compiled page answers requests as a module or handler of the server":                     "Une classe d'une page compilée répond aux requêtes comme module ou gestionnaire du serveur",
	"Configuration files may be requested from outside.":                                                   "Les fichiers de configuration peuvent être demandés de l'extérieur.",
	"PHP may include code from other hosts.":                                                               "PHP peut inclure du code d'autres hôtes.",
	"Pages are given a control whose file holds no code by its name":                                       "Les pages reçoivent un contrôle dont le fichier, d'après son nom, ne contient pas de code",
	"Part of a site lies in a folder where no site belongs":                                                "Une partie d'un site est dans un dossier où aucun site n'a sa place",
	"Part of a site lies in a folder with a device's name, which Windows' own tools can't open":            "Une partie d'un site est dans un dossier au nom de périphérique, que les outils de Windows ne peuvent pas ouvrir",
	"Requests are handed to a program on another host":                                                     "Les requêtes sont remises à un programme sur un autre hôte",
	"Requests are handed to a shell.":                                                                      "Les requêtes sont remises à un interpréteur de commandes.",
	"Search engines, or visitors who come from them, are shown another site.":                              "Les moteurs de recherche, ou les visiteurs qui en viennent, voient un autre site.",
	"Search engines, or visitors who come from them, are shown a file of a folder for data.":               "Les moteurs de recherche, ou les visiteurs qui en viennent, voient un fichier d'un dossier de données.",
	"Search engines, or visitors who come from them, are shown another page of this site.":                 "Les moteurs de recherche, ou les visiteurs qui en viennent, voient une autre page de ce site.",
	"In a folder for data a script runs that is named here; all others are refused.":                       "Dans un dossier de données s'exécute un script nommé ici ; tous les autres sont refusés.",
	"In a folder for data files of an ending of the attacker's own are run as scripts.":                    "Dans un dossier de données, des fichiers d'une extension propre à l'attaquant sont exécutés comme scripts.",
	"Visitors who come from a search engine are sent to another site.":                                     "Les visiteurs qui viennent d'un moteur de recherche sont envoyés vers un autre site.",
	"Visitors with telephones are sent to another site.":                                                   "Les visiteurs munis d'un téléphone sont envoyés vers un autre site.",
	"Whatever goes wrong, visitors are sent to one page of another host":                                   "Quelle que soit l'erreur, les visiteurs sont envoyés vers une page d'un autre hôte",
	"A page that is not found runs a script in a folder for data":                                          "Une page introuvable exécute un script d'un dossier de données",
	"Only the scripts that are named here run; all others are refused, in every spelling of their ending.": "Seuls les scripts nommés ici s'exécutent ; tous les autres sont refusés, quelle que soit l'écriture de leur extension.",
	"The compiler of pages is handed a file of another host, or a further command.":                        "Le compilateur de pages reçoit un fichier d'un autre hôte, ou une commande de plus.",
	"The configuration file holds code for the server.":                                                    "Le fichier de configuration contient du code pour le serveur.",
	"The configuration file is a project of MSBuild whose code runs when it is built.":                     "Le fichier de configuration est un projet MSBuild dont le code s'exécute à la compilation.",
	"The server is told to run files as pages that hold no code by their names.":                           "Le serveur a ordre d'exécuter comme pages des fichiers qui, d'après leur nom, ne contiennent pas de code.",
	"The server is told to run files as scripts that are none by their names.":                             "Le serveur a ordre d'exécuter comme scripts des fichiers qui, d'après leur nom, n'en sont pas.",
	"The server loads a native module from a folder where anyone may write":                                "Le serveur charge un module natif d'un dossier où n'importe qui peut écrire",
	"An assembly is loaded from a folder where anyone may write":                                           "Un assembly est chargé d'un dossier où n'importe qui peut écrire",
	"When a pool of applications fails, the server runs a program that does not belong there":              "Quand un pool d'applications tombe en panne, le serveur exécute un programme qui n'a rien à y faire",
	"ASP.NET is told to take view states back unchecked, which lets whoever sends one run code.":           "ASP.NET a ordre de reprendre les états d'affichage (view state) sans les vérifier, ce qui permet à qui en envoie d'exécuter du code.",
	"The server loads a native module from outside the system's and the programs' folders":                 "Le serveur charge un module natif d'ailleurs que des dossiers du système et des programmes",
	"Look at that file.": "Examinez ce fichier.",
	"The server starts PowerShell with a hidden command as the site's program":                                                "Le serveur lance PowerShell avec une commande cachée comme programme du site",
	"The external address of a virtual directory is a page: the server's own settings were written into a file that it runs.": "L'adresse externe d'un répertoire virtuel est une page : les réglages du serveur ont été écrits dans un fichier qu'il exécute.",
	"It does little else.": "Il ne fait guère autre chose.",

	// Java and ColdFusion.
	"The page evaluates an expression from the request.":                                                                 "La page évalue une expression de la requête.",
	"The page runs a command from the request.":                                                                          "La page exécute une commande de la requête.",
	"The page runs a program.":                                                                                           "La page lance un programme.",
	"Plain letters of the source are written as Unicode escapes, which only hides them.":                                 "De simples lettres de la source sont écrites en séquences Unicode, ce qui ne fait que les cacher.",
	"The page carries code in an encoded string.":                                                                        "La page porte du code dans une chaîne encodée.",
	"The page changes the server's filters, servlets, listeners or valves.":                                              "La page modifie les filtres, servlets, écouteurs ou valves du serveur.",
	"The page registers a filter, servlet, listener or valve in the running server: it stays after the page is deleted.": "La page enregistre un filtre, une servlet, un écouteur ou une valve dans le serveur en marche : cela reste après suppression de la page.",
	"The page declares a native method and loads the library for it itself.":                                             "La page déclare une méthode native et en charge elle-même la bibliothèque.",
	"The page evaluates a script in a string that runs commands or reads the request.":                                   "La page évalue un script contenu dans une chaîne, qui exécute des commandes ou lit la requête.",
	"The page evaluates code that it fetches from the network.":                                                          "La page évalue du code qu'elle télécharge.",
	"The page loads classes from another host.":                                                                          "La page charge des classes d'un autre hôte.",
	"The page makes a class of a string that it carries.":                                                                "La page fait une classe d'une chaîne qu'elle porte.",
	"The page makes a class of bytes, which pages have no reason to do.":                                                 "La page fait une classe à partir d'octets, ce qu'aucune page n'a de raison de faire.",
	"The page makes a class of what it fetches from the network.":                                                        "La page fait une classe de ce qu'elle télécharge.",
	"The page reaches through reflection into what Java keeps closed":                                                    "La page atteint par réflexion ce que Java tient fermé",
	"The page reads the request and reaches through reflection into what Java keeps closed":                              "La page lit la requête et atteint par réflexion ce que Java tient fermé",
	"The page reads the request and compiles Java source.":                                                               "La page lit la requête et compile du Java.",
	"The page reads the request, runs a command that is not fixed, and reads its output.":                                "La page lit la requête, exécute une commande qui n'est pas fixe et en lit la sortie.",
	"The page runs a command that hands a shell to another host.":                                                        "La page exécute une commande qui livre un interpréteur à un autre hôte.",
	"The page runs a command that it fetches from the network.":                                                          "La page exécute une commande qu'elle télécharge.",
	"The request names a class that the page makes.":                                                                     "La requête nomme une classe dont la page crée un objet.",
	"The request names the class of a bean.":                                                                             "La requête nomme la classe d'un bean.",
	"The request names the class that the page makes, and its arguments.":                                                "La requête nomme la classe dont la page crée un objet, et ses arguments.",

	// Perl, Python, Ruby and shell.
	"The script runs a command or code from the request.":            "Le script exécute une commande ou du code de la requête.",
	"The script runs a program with an argument from the request.":   "Le script lance un programme avec un argument de la requête.",
	"The script takes orders from an IRC channel and runs commands.": "Le script prend ses ordres sur un canal IRC et exécute des commandes.",
	"The script ties a shell to a network socket.":                   "Le script relie un interpréteur de commandes à une connexion réseau.",
	"Encoded code that can run commands is decoded and run.":         "Du code encodé, capable d'exécuter des commandes, est décodé et exécuté.",

	// PHP: code.
	"A library of pictures is made to run a script that copies any file.":                                                "Il est fait exécuter à une bibliothèque d'images un script qui copie n'importe quel fichier.",
	"The request gives a document that may call PHP's functions.":                                                        "La requête fournit un document qui peut appeler les fonctions de PHP.",
	"A function that only the request can name gets data from it.":                                                       "Une fonction que seule la requête peut nommer en reçoit des données.",
	"A function whose name is decoded at run time is called.":                                                            "Une fonction dont le nom est décodé à l'exécution est appelée.",
	"A remote server names the function that is called.":                                                                 "Un serveur distant nomme la fonction appelée.",
	"The name of mail is hidden where it is called.":                                                                     "Le nom de mail est caché là où cette fonction est appelée.",
	"The name of preg_replace, which is told to evaluate, is assembled at run time.":                                     "Le nom de preg_replace, à qui il est dit d'évaluer, est assemblé à l'exécution.",
	"The request completes the name of the function that is called, and gives its arguments.":                            "La requête complète le nom de la fonction appelée et fournit ses arguments.",
	"The request names a class and gives its arguments.":                                                                 "La requête nomme une classe et fournit ses arguments.",
	"The request names a class.":                                                                                         "La requête nomme une classe.",
	"The request names the function that is called, and gives its arguments.":                                            "La requête nomme la fonction appelée et fournit ses arguments.",
	"The request names the function that is called.":                                                                     "La requête nomme la fonction appelée.",
	"Code that the file hides in one layer of encoding is evaluated.":                                                    "Du code que le fichier cache sous une couche d'encodage est évalué.",
	"Most strings are written in escapes, which hides them.":                                                             "La plupart des chaînes sont écrites en séquences d'échappement, ce qui les cache.",
	"Variables and functions have names that nobody can read, as an encoder makes them.":                                 "Variables et fonctions ont des noms illisibles, comme un encodeur en fait.",
	"Variables are named by texts that are kept elsewhere.":                                                              "Des variables sont nommées par des textes gardés ailleurs.",
	"A file that is no script gives pattern and replacement; with the modifier e that runs code.":                        "Un fichier qui n'est pas un script fournit le motif et le remplacement ; avec le modificateur e, cela exécute du code.",
	"A pattern that only the request can set gets its replacement from the request; with the modifier e that runs code.": "Un motif que seule la requête peut fixer reçoit son remplacement de la requête ; avec le modificateur e, cela exécute du code.",
	"The request gives pattern and replacement; with the modifier e that runs code.":                                     "La requête fournit le motif et le remplacement ; avec le modificateur e, cela exécute du code.",
	"The code that a pattern evaluates is assembled at run time.":                                                        "Le code qu'un motif évalue est assemblé à l'exécution.",
	"A library is loaded into the next program that PHP starts, which runs commands where PHP may not.":                  "Une bibliothèque est chargée dans le prochain programme que PHP lance, ce qui exécute des commandes là où PHP ne le peut pas.",
	"Decoded code evaluates more code, which could not be followed.":                                                     "Du code décodé évalue d'autre code, qui n'a pas pu être suivi.",
	"PHP is asked, past the web server, to run code with settings of the script's own.":                                  "Il est demandé à PHP, sans passer par le serveur web, d'exécuter du code avec les réglages du script.",
	"The request names a file that PHP will run.":                                                                        "La requête nomme un fichier que PHP exécutera.",
	"The request names a library that is loaded into PHP.":                                                               "La requête nomme une bibliothèque chargée dans PHP.",
	"Names of functions are assembled at run time":                                                                       "Des noms de fonctions sont assemblés à l'exécution",
	"The page names itself as a tool of intruders":                                                                       "La page se nomme elle-même un outil d'intrus",
	"The file carries a web shell":                                                                                       "Le fichier porte un web shell",

	// PHP: commands.
	"A command fetches a file from a host that is hidden, or where anyone may leave text.": "Une commande télécharge un fichier d'un hôte caché, ou d'un hôte où n'importe qui peut déposer du texte.",
	"A command fetches a file from another host.":                                          "Une commande télécharge un fichier d'un autre hôte.",
	"A command fetches a program and runs it.":                                             "Une commande télécharge un programme et l'exécute.",
	"A command interpreter is started.":                                                    "Un interpréteur de commandes est lancé.",
	"A command opens a shell to another host.":                                             "Une commande ouvre un interpréteur vers un autre hôte.",
	"A command starts a miner of coins.":                                                   "Une commande lance un mineur de cryptomonnaie.",
	"A command that the file hides is run.":                                                "Une commande que le fichier cache est exécutée.",
	"A command wipes the traces of commands.":                                              "Une commande efface les traces de commandes.",
	"A command is hidden in the name of a mail server.":                                    "Une commande est cachée dans le nom d'un serveur de messagerie.",
	"A program is fetched from another host, stored and run.":                              "Un programme est téléchargé d'un autre hôte, enregistré et exécuté.",
	"Commands ask about the server's users and system.":                                    "Des commandes interrogent sur les utilisateurs et le système du serveur.",
	"Links are made to the files of other users of the server.":                            "Des liens sont créés vers les fichiers d'autres utilisateurs du serveur.",
	"The request gives options of sendmail, one of which writes a file.":                   "La requête fournit des options de sendmail, dont une écrit un fichier.",
	"What the request gives is written to a file, and a program is run on it.":             "Ce que la requête fournit est écrit dans un fichier, et un programme est lancé dessus.",

	// PHP: files.
	"Any file is taken and stored under the name that the request gives; nothing is checked.": "Tout fichier est accepté et enregistré sous le nom que donne la requête ; rien n'est vérifié.",
	"Files of a folder tree are encrypted in place.":                                          "Les fichiers d'une arborescence sont chiffrés sur place.",
	"The settings of many programs, which hold passwords, are read.":                          "Les réglages de nombreux programmes, qui contiennent des mots de passe, sont lus.",
	"What another host holds is fetched and stored, and the script deletes itself.":           "Ce qu'un autre hôte détient est téléchargé et enregistré, et le script se supprime.",
	"A script is added to page after page.":                                                   "Un script est ajouté à une page après l'autre.",
	"A script is written again and again, for as long as the server runs.":                    "Un script est réécrit sans cesse, tant que le serveur tourne.",
	"A web shell is put into the text of other pages":                                         "Un web shell est mis dans le texte d'autres pages",
	"A command that fetches a program and runs it is written to a file.":                      "Une commande qui télécharge un programme et l'exécute est écrite dans un fichier.",
	"A configuration file is written that makes other files run as scripts.":                  "Un fichier de configuration est écrit, qui fait exécuter d'autres fichiers comme scripts.",
	"A configuration file is written that runs a script before every page.":                   "Un fichier de configuration est écrit, qui exécute un script avant chaque page.",
	"A configuration file is written that sends visitors of search engines to another host.":  "Un fichier de configuration est écrit, qui envoie vers un autre hôte les visiteurs des moteurs de recherche.",
	"A file is fetched from a host where anyone may leave text, and stored.":                  "Un fichier est téléchargé d'un hôte où n'importe qui peut déposer du texte, et enregistré.",
	"A file that is no script is included, under a hidden name.":                              "Un fichier qui n'est pas un script est inclus, sous un nom caché.",
	"A file that is no script is included.":                                                   "Un fichier qui n'est pas un script est inclus.",
	"A file that the request filled is included as a script.":                                 "Un fichier que la requête a rempli est inclus comme script.",
	"A hostile script is written to a file":                                                   "Un script hostile est écrit dans un fichier",
	"A payload that is decoded in a way that could not be followed is written into a script.": "Une charge décodée d'une façon qui n'a pas pu être suivie est écrite dans un script.",
	"A program that the file hides is written to a file.":                                     "Un programme que le fichier cache est écrit dans un fichier.",
	"A remote server names the script that is included.":                                      "Un serveur distant nomme le script inclus.",
	"A script is fetched from a remote server and stored.":                                    "Un script est téléchargé d'un serveur distant et enregistré.",
	"A script is included out of an archive that poses as another file.":                      "Un script est inclus depuis une archive qui se fait passer pour un autre fichier.",
	"A script of another host is included.":                                                   "Un script d'un autre hôte est inclus.",
	"All of a form is written to a file, and the visitor is sent on to another host.":         "Tout un formulaire est écrit dans un fichier, et le visiteur est envoyé vers un autre hôte.",
	"An uploaded file is included as a script.":                                               "Un fichier envoyé est inclus comme script.",
	"Another host says which pages are made, and what is in them.":                            "Un autre hôte dit quelles pages sont créées, et ce qu'elles contiennent.",
	"Data from the request is included as a script.":                                          "Des données de la requête sont incluses comme script.",
	"Decoded code is written into a script.":                                                  "Du code décodé est écrit dans un script.",
	"Encoded data is included as a script.":                                                   "Des données encodées sont incluses comme script.",
	"Folder after folder is told to run no script but a few.":                                 "Un dossier après l'autre a ordre de n'exécuter que quelques scripts.",
	"Passwords from a form are written to a file.":                                            "Des mots de passe d'un formulaire sont écrits dans un fichier.",
	"The address to which the hosting panel sends new passwords is changed.":                  "L'adresse à laquelle le panneau d'hébergement envoie les nouveaux mots de passe est changée.",
	"The body of the request is included as a script.":                                        "Le corps de la requête est inclus comme script.",
	"The name of an included file is hidden.":                                                 "Le nom d'un fichier inclus est caché.",
	"The request gives a file's name and content.":                                            "La requête fournit le nom et le contenu d'un fichier.",
	"The request is part of the name of an included script.":                                  "La requête fait partie du nom d'un script inclus.",
	"The request is written into a script.":                                                   "La requête est écrite dans un script.",
	"The request names the file that is decoded and included as a script.":                    "La requête nomme le fichier décodé et inclus comme script.",
	"The request names the script that is included.":                                          "La requête nomme le script inclus.",
	"The request says how the script rewrites itself.":                                        "La requête dit comment le script se réécrit.",
	"The request says where the script that is included lies.":                                "La requête dit où se trouve le script inclus.",
	"The request says which file or address is copied where.":                                 "La requête dit quel fichier ou quelle adresse est copié, et où.",
	"The same text is written as a page into folder after folder.":                            "Le même texte est écrit comme page dans un dossier après l'autre.",
	"The script copies itself to another one.":                                                "Le script se copie dans un autre.",
	"The script puts its own text into other files.":                                          "Le script met son propre texte dans d'autres fichiers.",
	"What the request gives is written into file after file.":                                 "Ce que la requête fournit est écrit dans un fichier après l'autre.",
	"What visitors send is added to a file that poses as a picture.":                          "Ce que les visiteurs envoient est ajouté à un fichier qui se fait passer pour une image.",
	"What visitors send is added, encoded, to a hidden file.":                                 "Ce que les visiteurs envoient est ajouté, encodé, à un fichier caché.",
	"Whatever visitors send is kept in a file that poses as another kind.":                    "Tout ce que les visiteurs envoient est gardé dans un fichier qui se fait passer pour un autre genre.",
	"Whatever visitors send is kept in a file, encoded.":                                      "Tout ce que les visiteurs envoient est gardé, encodé, dans un fichier.",

	// PHP: what sites that were broken into carry.
	"Whatever another host answers takes the script's own place, and nobody asks for it.":         "Ce que répond un autre hôte prend la place du script lui-même, sans que personne le demande.",
	"Code is evaluated that the database keeps under a hidden name.":                              "Du code que la base de données garde sous un nom caché est évalué.",
	"Code of the database takes the place of what a post says, and its errors stay hidden.":       "Du code de la base de données prend la place du texte d'un article, et ses erreurs restent cachées.",
	"What another host answers is kept, page by page, in files that pose as pictures.":            "Ce que répond un autre hôte est gardé, page par page, dans des fichiers qui se font passer pour des images.",
	"Another host fills the pages that are asked for, and visitors of search engines get others.": "Un autre hôte remplit les pages demandées, et les visiteurs venus de moteurs de recherche en voient d'autres.",

	// PHP: networks and visitors.
	"A file that shows nothing by itself shows a script or frame of another host.":                                                "Un fichier qui ne montre rien par lui-même montre un script ou un cadre d'un autre hôte.",
	"Visitors are shown a script or frame of another host, each but once, for which their addresses are kept.":                    "Un script ou un cadre d'un autre hôte est montré aux visiteurs, une seule fois à chacun, et leurs adresses sont gardées pour cela.",
	"Visitors are sent to another host, each but once, for which their addresses are kept.":                                       "Les visiteurs sont envoyés vers un autre hôte, une seule fois chacun, et leurs adresses sont gardées pour cela.",
	"Visitors are shown a script or frame of another host, but not those whom cookies tell to be logged in.":                      "Un script ou un cadre d'un autre hôte est montré aux visiteurs, sauf à ceux que des cookies disent connectés.",
	"Visitors are sent to another host, but not those whom cookies tell to be logged in.":                                         "Les visiteurs sont envoyés vers un autre hôte, sauf ceux que des cookies disent connectés.",
	"Visitors are shown a script or frame of another host, picked by several signs such that those who would notice see nothing.": "Un script ou un cadre d'un autre hôte est montré à des visiteurs choisis selon plusieurs signes, de sorte que ceux qui le remarqueraient ne voient rien.",
	"Visitors are sent to another host, picked by several signs such that those who would notice see nothing.":                    "Des visiteurs choisis selon plusieurs signes sont envoyés vers un autre hôte, de sorte que ceux qui le remarqueraient ne voient rien.",
	"Whatever visitors send is passed on to another host.":                                                                        "Tout ce que les visiteurs envoient est transmis à un autre hôte.",
	"Where a script of the page comes from, or sends its visitors, is hidden.":                                                    "L'origine d'un script de la page, ou la destination de ses visiteurs, est cachée.",
	"A host that the request names is connected to again and again, and no answer is read.":                                       "Un hôte que la requête nomme est contacté sans cesse, sans qu'aucune réponse soit lue.",
	"A host that the request names is sent packet after packet.":                                                                  "Un hôte que la requête nomme reçoit un paquet après l'autre.",
	"All that the script does is to connect to any host and port, as the request says.":                                           "Le script ne fait que se connecter à un hôte et un port quelconques, selon la requête.",
	"The script carries the client's traffic to any host and port.":                                                               "Le script transporte le trafic du client vers un hôte et un port quelconques.",
	"Those who look for phishing pages are sent away.":                                                                            "Ceux qui cherchent des pages d'hameçonnage sont renvoyés.",
	"Content of another host is put where no visitor sees it.":                                                                    "Du contenu d'un autre hôte est mis là où aucun visiteur ne le voit.",
	"Text of a file is put where no visitor sees it.":                                                                             "Du texte d'un fichier est mis là où aucun visiteur ne le voit.",
	"A file that declares classes or functions shows nothing but a script of another host.":                                       "Un fichier qui déclare des classes ou des fonctions ne montre qu'un script d'un autre hôte.",
	"A remote server says where visitors are sent.":                                                                               "Un serveur distant dit où les visiteurs sont envoyés.",
	"A script of another host is put into the page for those who come from a search engine.":                                      "Un script d'un autre hôte est mis dans la page pour ceux qui viennent d'un moteur de recherche.",
	"A script of another host is added to the pages in the database.":                                                             "Un script d'un autre hôte est ajouté aux pages de la base de données.",
	"A script is added to the pages in the database.":                                                                             "Un script est ajouté aux pages de la base de données.",
	"All of a form is mailed away with the visitor's address.":                                                                    "Tout un formulaire est envoyé par courrier avec l'adresse du visiteur.",
	"Another host is told which page of this one is asked for, and what it answers is shown.":                                     "Un autre hôte apprend quelle page de celui-ci est demandée, et sa réponse est montrée.",
	"Content of another host is shown to some visitors only, by browser or referrer.":                                             "Du contenu d'un autre hôte n'est montré qu'à certains visiteurs, selon le navigateur ou la page d'origine.",
	"Content of another host, whose name is hidden, is shown.":                                                                    "Du contenu d'un autre hôte, dont le nom est caché, est montré.",
	"Content that the site hides is shown to search engines only.":                                                                "Du contenu que le site cache n'est montré qu'aux moteurs de recherche.",
	"Form data is sent to a chat service.":                                                                                        "Des données de formulaire sont envoyées à une messagerie instantanée.",
	"Form data is sent to another host, encoded or to a host that is hidden.":                                                     "Des données de formulaire sont envoyées à un autre hôte, encodées ou vers un hôte caché.",
	"Links to other hosts are shown to search engines only.":                                                                      "Des liens vers d'autres hôtes ne sont montrés qu'aux moteurs de recherche.",
	"Mail is sent to an address that the file hides.":                                                                             "Du courrier est envoyé à une adresse que le fichier cache.",
	"Numbers of cards are mailed away.":                                                                                           "Des numéros de carte sont envoyés par courrier.",
	"Passwords from a form are mailed away.":                                                                                      "Des mots de passe d'un formulaire sont envoyés par courrier.",
	"Passwords from a form are sent to another host.":                                                                             "Des mots de passe d'un formulaire sont envoyés à un autre hôte.",
	"Search engines are shown a file in place of the page.":                                                                       "Les moteurs de recherche voient un fichier à la place de la page.",
	"Settings that hold passwords are mailed away.":                                                                               "Des réglages contenant des mots de passe sont envoyés par courrier.",
	"Settings that hold passwords, or users with theirs, are sent to another host.":                                               "Des réglages contenant des mots de passe, ou des utilisateurs avec les leurs, sont envoyés à un autre hôte.",
	"Settings that hold passwords, or users, are sent to a chat service.":                                                         "Des réglages contenant des mots de passe, ou des utilisateurs, sont envoyés à une messagerie instantanée.",
	"Some visitors are sent to another host, by browser or referrer.":                                                             "Certains visiteurs sont envoyés vers un autre hôte, selon le navigateur ou la page d'origine.",
	"The request gives recipients, subject and text of the mails sent.":                                                           "La requête fournit les destinataires, l'objet et le texte des courriers envoyés.",
	"The request gives sender, recipients, subject and text of the mails sent.":                                                   "La requête fournit l'expéditeur, les destinataires, l'objet et le texte des courriers envoyés.",
	"The request says through which server mail is sent, and to whom.":                                                            "La requête dit par quel serveur le courrier est envoyé, et à qui.",
	"The target of a redirect is hidden.":                                                                                         "La cible d'une redirection est cachée.",
	"What the client sends is passed on to any host that it names.":                                                               "Ce que le client envoie est transmis à tout hôte qu'il nomme.",
	"What visitors send is passed on, encoded, to a host that is hidden.":                                                         "Ce que les visiteurs envoient est transmis, encodé, à un hôte caché.",
	"Names and passwords that the request lists are tried on a server, one after another.":                                        "Des noms et mots de passe que la requête énumère sont essayés sur un serveur, l'un après l'autre.",

	// WordPress.
	"A user is kept out of the list of users, and out of their number.":       "Un utilisateur est tenu hors de la liste des utilisateurs, et de leur nombre.",
	"A user is kept out of the list of users.":                                "Un utilisateur est tenu hors de la liste des utilisateurs.",
	"The plugin keeps itself out of the list of plugins.":                     "L'extension se tient hors de la liste des extensions.",
	"The script gives a user a password that it knows.":                       "Le script donne à un utilisateur un mot de passe qu'il connaît.",
	"The script gives all users one password.":                                "Le script donne le même mot de passe à tous les utilisateurs.",
	"The script logs its visitor in as an administrator.":                     "Le script connecte son visiteur comme administrateur.",
	"The script logs its visitor in to WordPress, or makes an administrator.": "Le script connecte son visiteur à WordPress, ou crée un administrateur.",
	"The script makes an administrator in the database.":                      "Le script crée un administrateur dans la base de données.",
	"The script makes an administrator when a request asks for it.":           "Le script crée un administrateur quand une requête le demande.",
	"The script makes an administrator whose password it knows.":              "Le script crée un administrateur dont il connaît le mot de passe.",

	// The detector that joins files with the requests for them.
	"No known build ships a script of this name; builds after March 2021 are not among the known ones.":                        "Aucune version connue ne contient de script de ce nom ; les versions postérieures à mars 2021 ne sont pas parmi les connues.",
	"No known build ships this script, its code was not judged hostile, and it was answered.":                                  "Aucune version connue ne contient ce script, son code n'a pas été jugé hostile, et il a répondu.",
	"Exchange ships no such page, yet it lies on the server, which answered it with success; its code was not judged hostile.": "Exchange ne contient pas cette page, et pourtant elle est sur le serveur, qui a répondu avec succès ; son code n'a pas été jugé hostile.",
	"More than ten clients were served this page, none posted to it: more likely the owner's own page than a web shell.":       "Plus de dix clients ont reçu cette page, aucun n'y a envoyé de POST : plus probablement une page du propriétaire qu'un web shell.",
	"Commands or tunnel data stand in the queries.":                                                                            "Des commandes ou des données de tunnel sont dans les requêtes.",
	"Its requests are those of the Tunna tunnel, which carries other protocols, such as remote desktop, through a web server.": "Ses requêtes sont celles du tunnel Tunna, qui fait passer d'autres protocoles, comme le bureau à distance, par un serveur web.",
	"Its requests are those of the reGeorg tunnel, which lets a client reach the inner network through a web server.":          "Ses requêtes sont celles du tunnel reGeorg, qui permet à un client d'atteindre le réseau interne par un serveur web.",
}

// A told text has values in it where "%s" stands.
type told struct{ english, french string }

// tellings are texts of the same analysers, of the detector that joins them
// with requests, and of what could not be read. The first that fits counts. The
// French puts no preposition before a value that would merge with its article.
var tellings = []told{
	{"A command from %s is run by %s.", "Une commande fournie par %s est exécutée par %s."},
	{"A command is run by %s.", "Une commande est exécutée par %s."},
	{"A command that serves intruders is run by %s.", "Une commande utile à des intrus est exécutée par %s."},
	{"A command that the request gives, encoded, is run by %s.", "Une commande que la requête fournit, encodée, est exécutée par %s."},
	{"Part of a command comes from %s (%s).", "Une partie d'une commande est fournie par %s (%s)."},
	{"The request names the program that is run by %s.", "La requête nomme le programme lancé par %s."},
	{"A function tries %s ways to run a command, in case some are forbidden.", "Une fonction essaie %s façons d'exécuter une commande, au cas où certaines seraient interdites."},
	{"A long encoded text of the file is run as code by %s; it could not be decoded here.", "Un long texte encodé du fichier est exécuté comme code par %s ; il n'a pas pu être décodé ici."},
	{"Code fetched from another server is run by %s.", "Du code pris sur un autre serveur est exécuté par %s."},
	{"Code put together from pieces is run by %s.", "Du code assemblé de morceaux est exécuté par %s."},
	{"Code that stands nowhere in the file in plain is decoded and run by %s.", "Du code qui n'est nulle part en clair dans le fichier est décodé et exécuté par %s."},
	{"Text fetched from another server is run as a command by %s.", "Du texte pris sur un autre serveur est exécuté comme commande par %s."},
	{"Text from the request is part of an expression that is run by %s.", "Du texte de la requête fait partie d'une expression exécutée par %s."},
	{"Text from the request is run as a command by %s.", "Du texte de la requête est exécuté comme commande par %s."},
	{"Text from the request is run as code by %s.", "Du texte de la requête est exécuté comme code par %s."},
	{"Text from the request is handed to %s.", "Du texte de la requête est remis à %s."},
	{"Text kept in the session is run as a command by %s.", "Du texte gardé dans la session est exécuté comme commande par %s."},
	{"Text kept in the session is run as code by %s.", "Du texte gardé dans la session est exécuté comme code par %s."},
	{"Text read from a file or database is run as code by %s.", "Du texte lu dans un fichier ou une base de données est exécuté comme code par %s."},
	{"Text read from a file that should hold no code is run as code by %s.", "Du texte lu dans un fichier qui ne devrait pas contenir de code est exécuté comme code par %s."},
	{"Text that is not in the file is run as code by %s under another name.", "Du texte absent du fichier est exécuté comme code par %s, sous un autre nom."},
	{"Data from the request is deserialised by %s, which lets it run code.", "Des données de la requête sont désérialisées par %s, ce qui leur permet d'exécuter du code."},
	{"An assembly from the request is loaded and run (%s).", "Un assembly de la requête est chargé et exécuté (%s)."},
	{"An assembly fetched from another server is loaded (%s).", "Un assembly pris sur un autre serveur est chargé (%s)."},
	{"An assembly hidden in a file that should hold no code is loaded (%s).", "Un assembly caché dans un fichier qui ne devrait pas contenir de code est chargé (%s)."},
	{"An assembly hidden in the page itself is loaded (%s).", "Un assembly caché dans la page elle-même est chargé (%s)."},
	{"An assembly kept in the session is loaded (%s).", "Un assembly gardé dans la session est chargé (%s)."},
	{"Compiled code from the request becomes a method (%s).", "Du code compilé de la requête devient une méthode (%s)."},
	{"The page puts together machine code that calls %s.", "La page assemble du code machine qui appelle %s."},
	{"The name of the object %s is put together from pieces.", "Le nom de l'objet %s est assemblé de morceaux."},
	{"One page brings together means to %s.", "Une seule page réunit de quoi %s."},
	{"The assembly is a web %s that reads %s of the request and %s (%s).", "L'assembly est un %s web qui lit %s de la requête et %s (%s)."},
	{"%s spaces stand where the code of the page was: what antivirus software leaves when it blanks out a shell.", "%s espaces tiennent la place du code de la page : ce qu'un antivirus laisse quand il efface un web shell."},
	{"Code is pushed out of sight by %s spaces.", "Du code est repoussé hors de vue par %s espaces."},
	{"The file has a page's name but is %s: what remains when a server's own export is misused to write a page.", "Le fichier a un nom de page mais est %s : ce qui reste quand un export du serveur est détourné pour écrire une page."},
	{"The file is %s under a page's name, with code for the server inside.", "Le fichier est %s sous un nom de page, avec du code pour le serveur à l'intérieur."},
	{"The file is %s with code for the server inside.", "Le fichier est %s avec du code pour le serveur à l'intérieur."},
	{"The file is %s with a page inside.", "Le fichier est %s avec une page à l'intérieur."},
	{"The page names %s to search engines and sends people to another host.", "La page nomme %s aux moteurs de recherche et envoie les gens vers un autre hôte."},
	{"A logon page that calls itself %s sends its form to another host: %s", "Une page de connexion qui se dit %s envoie son formulaire à un autre hôte : %s"},
	{"Every PHP page runs %s first, which is no PHP file by its name.", "Chaque page PHP exécute d'abord %s, qui d'après son nom n'est pas un fichier PHP."},
	{"Every PHP page runs %s as well.", "Chaque page PHP exécute aussi %s."},
	{"The server is told to run %s, which holds no code by its name.", "Le serveur a ordre d'exécuter %s, qui d'après son nom ne contient pas de code."},
	{"The %s analyser failed on this file; look at it by hand.", "L'analyseur %s a échoué sur ce fichier ; examinez-le à la main."},

	{"The page rebuilds objects from %s, which can run any code.", "La page reconstruit des objets fournis par %s, ce qui peut exécuter n'importe quel code."},
	{"The page looks up a JNDI name from %s, which can load code from another host.", "La page résout un nom JNDI fourni par %s, ce qui peut charger du code d'un autre hôte."},
	{"The page loads code from a place that %s names.", "La page charge du code d'un endroit que désigne %s."},
	{"The page runs a command from %s.", "La page exécute une commande fournie par %s."},
	{"The page runs a command that it makes of %s.", "La page exécute une commande bâtie sur ce qui lui est fourni par %s."},
	{"The page runs a shell with %s.", "La page lance un interpréteur de commandes sur ce qui lui est fourni par %s."},
	{"The page runs a program with an argument from %s.", "La page lance un programme avec un argument fourni par %s."},
	{"The page evaluates code from %s.", "La page évalue du code fourni par %s."},
	{"The page makes a class of %s and so runs any code.", "La page fait une classe de ce qui lui est fourni par %s et exécute ainsi n'importe quel code."},
	{"The page hands %s to a call through reflection whose name it hides.", "La page remet ce qui lui est fourni par %s à un appel par réflexion dont elle cache le nom."},
	{"The page calls a method that %s names.", "La page appelle une méthode que désigne %s."},
	{"The page puts together the name %s to call it through reflection.", "La page assemble le nom %s pour l'appeler par réflexion."},
	{"The page writes %s into a script.", "La page écrit dans un script ce qui lui est fourni par %s."},
	{"The page connects to a host that %s names: a tunnel into the network.", "La page se connecte à un hôte que désigne %s : un tunnel vers le réseau interne."},
	{"The page runs a whole SQL statement from %s.", "La page exécute une instruction SQL entière fournie par %s."},
	{"The page does nothing but hand what %s sends to a program that listens on this host.", "La page ne fait que remettre ce qui lui est fourni par %s à un programme qui écoute sur cette machine."},
	{"The page stores what %s sends and loads code from a file.", "La page enregistre ce qui lui est fourni par %s et charge du code d'un fichier."},
	{"The page is encoded in %s, which no editor writes and which hides the source.", "La page est encodée en %s, qu'aucun éditeur n'écrit et qui cache la source."},
	{"The page reads the request and makes a %s, past ColdFusion's own limits.", "La page lit la requête et crée un objet %s, hors des limites de ColdFusion."},
	{"The page makes a %s.", "La page crée un objet %s."},

	{"The script %s, as the request says.", "Selon la requête, le script %s."},
	{"All that the script does is that it %s, as the request says.", "Tout ce que fait le script, selon la requête : il %s."},
	{"The page says that it does not exist, but for a few addresses, for which it %s.", "La page dit qu'elle n'existe pas, sauf à quelques adresses, pour lesquelles elle %s."},
	{"Code from the session is evaluated by %s.", "Du code gardé dans la session est évalué par %s."},
	{"Code from %s is evaluated by %s.", "Du code fourni par %s est évalué par %s."},
	{"Code that the file hides in %s layers of encoding is evaluated.", "Du code que le fichier cache sous %s couches d'encodage est évalué."},
	{"Code that only a key in the request decodes is evaluated by %s.", "Du code que seule une clé de la requête décode est évalué par %s."},
	{"Code that a function with an assembled name decodes is evaluated by %s.", "Du code que décode une fonction au nom assemblé est évalué par %s."},
	{"Code that a function with an assembled name makes is evaluated by %s.", "Du code que produit une fonction au nom assemblé est évalué par %s."},
	{"Code that is assembled at run time is evaluated by %s.", "Du code assemblé à l'exécution est évalué par %s."},
	{"A payload that is decoded in a way that could not be followed is evaluated by %s.", "Une charge décodée d'une façon qui n'a pas pu être suivie est évaluée par %s."},
	{"A function made from a string evaluates its argument by %s.", "Une fonction faite d'une chaîne évalue son argument par %s."},
	{"The decoded content of a file is evaluated by %s.", "Le contenu décodé d'un fichier est évalué par %s."},
	{"A function whose name is assembled at run time gets data from %s.", "Une fonction dont le nom est assemblé à l'exécution reçoit des données fournies par %s."},
	{"A function whose name is computed at run time gets data from %s.", "Une fonction dont le nom est calculé à l'exécution reçoit des données fournies par %s."},
	{"A function that is named after the file itself gets data from %s.", "Une fonction qui porte le nom du fichier lui-même reçoit des données fournies par %s."},
	{"The name of %s is assembled at run time.", "Le nom de %s est assemblé à l'exécution."},
	{"A function of the file decodes its texts, %s of them.", "Une fonction du fichier en décode les textes, au nombre de %s."},
	{"The order of the statements is scrambled by %s jumps.", "L'ordre des instructions est brouillé par %s sauts."},
	{"PHP is told to call %s by itself.", "PHP a ordre d'appeler %s de lui-même."},
	{"Rows of a database are handed to %s.", "Des lignes d'une base de données sont remises à %s."},
	{"A document language may call %s.", "Un langage de documents peut appeler %s."},
	{"The content of a script comes from %s.", "Le contenu d'un script est fourni par %s."},
	{"A script of %s, encoded, is put into the page.", "Un script encodé, fourni par %s, est mis dans la page."},
	{"Names and passwords are tried on sites that %s lists, one after another.", "Des noms et mots de passe sont essayés, l'un après l'autre, sur des sites qu'énumère %s."},
	{"The file carries %s.", "Le fichier porte %s."},

	{"The request chooses the path of several file actions: %s.", "La requête choisit le chemin de plusieurs actions sur des fichiers : %s."},
	{"The client chooses the path of several file actions: %s.", "Le client choisit le chemin de plusieurs actions sur des fichiers : %s."},

	{"file of no known kind, larger than %s bytes: not read", "fichier de genre inconnu, de plus de %s octets : non lu"},
	{"more than %s files: the rest were not looked at", "plus de %s fichiers : le reste n'a pas été regardé"},
	{"line longer than %s bytes: cut", "ligne de plus de %s octets : coupée"},
	{"no known build ships %s", "aucune version connue ne contient %s"},
	{"It was requested %s by %s between %s and %s UTC, and answered as success %s.", "Il a été appelé %s par %s entre le %s et le %s UTC ; avec succès : %s."},
	{"Likely origin: %s at %s UTC.", "Origine probable : %s, le %s UTC."},
	{"It was requested %s by %s, never answered as success.", "Il a été appelé %s par %s, jamais avec succès."},
}

// inside are the values of those texts that are ours.
var inside = map[string]string{
	"an uploaded file": "un fichier envoyé", "a request header": "un en-tête de la requête", "the request": "la requête", "a remote server": "un serveur distant",
	"a file that is no script": "un fichier qui n'est pas un script", "a variable that only the request can set": "une variable que seule la requête peut fixer",
	"the database": "la base de données", "a file": "un fichier", "a literal that was decoded": "un littéral décodé", "data": "des données",
	"a request parameter, header or cookie": "un paramètre, un en-tête ou un cookie de la requête", "the body of the request": "le corps de la requête",
	"the network": "le réseau", "stored data": "des données enregistrées",

	"reflection": "réflexion", "an interpreter that is written to": "un interpréteur auquel le script écrit", "Process (standard input)": "Process (entrée standard)", "Json.NET with type names": "Json.NET avec des noms de types",
	"include, through a stream of the file's own": "include, à travers un flux propre au fichier", "include, through a file that the page writes,": "include, à travers un fichier que la page écrit",

	"runs commands": "exécute des commandes", "evaluates code": "évalue du code", "shows any file": "montre tout fichier", "lists any folder": "liste tout dossier", "writes any file": "écrit tout fichier",
	"takes uploads": "accepte des fichiers envoyés", "deletes any file": "supprime tout fichier", "renames any file": "renomme tout fichier", "changes permissions": "change des droits", "makes folders": "crée des dossiers",
	"links any file": "crée un lien vers tout fichier", "runs any SQL": "exécute tout SQL", "connects to any database": "se connecte à toute base de données", "connects to any host": "se connecte à tout hôte",
	"sends any mail": "envoie tout courrier", "asks about any host": "interroge sur tout hôte", "shows the server's configuration": "montre la configuration du serveur",

	"run commands": "exécuter des commandes", "reach the shell": "atteindre l'interpréteur", "list folders": "lister des dossiers", "delete": "supprimer", "write files": "écrire des fichiers", "take input": "lire la requête",
	"see drives": "voir les lecteurs", "read the registry": "lire le registre", "copy and move": "copier et déplacer", "open databases": "ouvrir des bases de données", "fetch": "télécharger", "take over accounts": "prendre des comptes",

	"list": "lister", "read": "lire", "write": "écrire", "move": "déplacer", "mkdir": "créer un dossier", "upload": "recevoir", "time": "dater", "registry": "registre",

	"starts processes": "lance des processus", "loads assemblies from memory": "charge des assemblys depuis la mémoire", "compiles source": "compile du code source",
	"runs machine code": "exécute du code machine", "rebuilds objects": "reconstruit des objets", "evaluates scripts": "évalue des scripts",

	"an Outlook mailbox export": "un export de boîte aux lettres Outlook", "a DER structure such as a certificate request": "une structure DER comme une demande de certificat",
	"a GIF": "un GIF", "a PNG": "un PNG", "a JPEG": "un JPEG", "a PDF": "un PDF", "a RIFF file": "un fichier RIFF", "a BMP": "un BMP", "an icon": "une icône", "a ZIP": "un ZIP", "a RAR": "un RAR",

	"an ELF program": "un programme ELF", "a Windows program": "un programme Windows", "a backdoor in C": "une porte dérobée en C", "a backdoor in Perl": "une porte dérobée en Perl",
	"a backdoor in Python": "une porte dérobée en Python", "a backdoor in Java": "une porte dérobée en Java", "a backdoor in Ruby": "une porte dérobée en Ruby",
	"a script that fetches programs and runs them": "un script qui télécharge des programmes et les exécute", "a script that links other users' files": "un script qui crée des liens vers les fichiers d'autres utilisateurs",

	"mailbox exported into a script file": "boîte aux lettres exportée dans un fichier de script", "certificate request written into a script file": "demande de certificat écrite dans un fichier de script",
	"address book file outside its folder (CVE-2021-26858)": "fichier de carnet d'adresses hors de son dossier (CVE-2021-26858)",

	"never": "jamais", "once": "une fois", "twice": "deux fois", "one client": "un client", "clients that the log does not name": "des clients que le journal ne nomme pas",
}

// endings are ends of values that are ours, after a name or a number.
var endings = []told{
	{" times", " fois"},
	{" with the modifier e", " avec le modificateur e"},
	{" of a type that the request names", " d'un type que la requête nomme"},
}

// tell puts a sentence of the analysers into French; false if it is none.
func tell(s string) (string, bool) {
	for _, t := range tellings {
		if found, ok := t.match(s); ok {
			for i, v := range found {
				found[i] = value(v.(string))
			}
			return fmt.Sprintf(spaced(t.french), found...), true
		}
	}
	return "", false
}

// match returns what stands in s for each "%s" of the English text.
func (t told) match(s string) (found []any, ok bool) {
	texts := strings.Split(t.english, "%s")
	last := len(texts) - 1
	s, starts := strings.CutPrefix(s, texts[0])
	s, ends := strings.CutSuffix(s, texts[last])
	if !starts || !ends {
		return nil, false
	}
	for _, text := range texts[1:last] {
		v, rest, ok := strings.Cut(s, text)
		if !ok {
			return nil, false
		}
		found, s = append(found, v), rest
	}
	return append(found, s), true
}

// value says in French what stands in a text, alone or in a list. Names stay
// as they are.
func value(s string) string {
	if said, ok := inside[s]; ok {
		return spaced(said)
	}
	for _, e := range endings {
		if name, ok := strings.CutSuffix(s, e.english); ok {
			return name + e.french
		}
	}
	list := strings.Split(s, ", ")
	for i, v := range list {
		if said, ok := inside[v]; ok {
			list[i] = spaced(said)
		}
	}
	return strings.Join(list, ", ")
}
