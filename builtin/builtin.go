// Package builtin lists what ships: explicit lists, in a fixed order, no
// registry. A parser, detector, analyser or publisher that is not listed here
// does not exist.
package builtin

import (
	"limier/detect"
	"limier/detect/aftermath"
	"limier/detect/deserialization"
	"limier/detect/proxylogon"
	"limier/detect/proxynotshell"
	"limier/detect/proxyshell"
	"limier/detect/proxytoken"
	"limier/detect/rulematch"
	"limier/detect/scanning"
	"limier/detect/toolshell"
	webshelluse "limier/detect/webshell"
	"limier/parse"
	"limier/parse/accesslog"
	"limier/parse/build"
	"limier/parse/config"
	"limier/parse/evtx"
	"limier/parse/exchange"
	"limier/parse/iis"
	"limier/parse/registry"
	"limier/parse/winevent"
	"limier/publish"
	"limier/publish/ecs"
	"limier/publish/html"
	"limier/publish/indicators"
	"limier/publish/markdown"
	"limier/publish/misp"
	"limier/publish/ocsf"
	sigmarules "limier/publish/sigma"
	"limier/publish/stix"
	"limier/publish/text"
	"limier/publish/timesketch"
	"limier/rules"
	"limier/sigma"
	"limier/webshell"
	"limier/webshell/asp"
	"limier/webshell/aspnet"
	"limier/webshell/assembly"
	"limier/webshell/carrier"
	"limier/webshell/cfml"
	"limier/webshell/client"
	wsconfig "limier/webshell/config"
	"limier/webshell/javaclass"
	"limier/webshell/jsp"
	"limier/webshell/php"
	"limier/webshell/script"
	"limier/webshell/ssi"
)

// Parsers returns the parsers, in the order they are tried.
func Parsers() []*parse.Parser {
	return []*parse.Parser{
		accesslog.Parser,
		accesslog.JSON,
		build.Program,
		build.Server,
		build.Setup,
		config.Parser,
		evtx.Parser,
		exchange.Parser,
		iis.Parser,
		registry.Parser,
		winevent.Parser,
	}
}

// Languages returns the web shell analysers. The order decides nothing but
// the order of reasons.
func Languages() []*webshell.Language {
	pages := []*webshell.Language{
		asp.Language,
		aspnet.Language,
		jsp.Language,
		php.Language,
	}
	return append(pages,
		assembly.Language,
		carrier.New(pages...),
		cfml.Language,
		client.Language,
		javaclass.Language,
		wsconfig.New(pages...),
		script.Language,
		ssi.Language,
	)
}

// Rules returns the Sigma rules that ship.
func Rules() (*sigma.Collection, []sigma.RuleError) {
	c := &sigma.Collection{}
	return c, rules.Add(c)
}

// Detectors returns the detectors, by name.
func Detectors() []*detect.Detector {
	return []*detect.Detector{
		aftermath.Detector,
		deserialization.Detector,
		proxylogon.Detector,
		proxynotshell.Detector,
		proxyshell.Detector,
		proxytoken.Detector,
		rulematch.Detector,
		scanning.Detector,
		toolshell.Detector,
		webshelluse.Detector,
	}
}

// Publishers returns the publishers, by name.
func Publishers() []*publish.Publisher {
	return []*publish.Publisher{
		ecs.Publisher,
		html.English,
		html.French,
		indicators.Publisher,
		markdown.Publisher,
		misp.Publisher,
		ocsf.Publisher,
		sigmarules.Publisher,
		stix.Publisher,
		text.Publisher,
		timesketch.CSV,
		timesketch.JSONL,
	}
}
