package webshell

import (
	"slices"
	"strings"
)

// services are hosts that very many sites have their visitors' browsers ask for
// frames and scripts.
var services = []string{"google.com", "googletagmanager.com", "googleapis.com", "googlesyndication.com", "googleadservices.com", "google-analytics.com", "gstatic.com",
	"doubleclick.net", "recaptcha.net", "youtube.com", "youtube-nocookie.com", "youtu.be", "vimeo.com", "facebook.com", "facebook.net", "twitter.com", "linkedin.com", "licdn.com",
	"pinterest.com", "instagram.com", "tiktok.com", "snapchat.com", "reddit.com", "microsoft.com", "microsoftonline.com", "windows.net", "live.com", "office.com", "office365.com", "bing.com", "msn.com",
	"clarity.ms", "apple.com", "amazon.com", "amazon-adsystem.com", "amazonaws.com", "cloudfront.net", "cloudflare.com", "cloudflareinsights.com", "jsdelivr.net", "unpkg.com",
	"jquery.com", "bootstrapcdn.com", "fontawesome.com", "typekit.net", "adobe.com", "adobedtm.com", "demdex.net", "omtrdc.net", "wp.com", "wordpress.org", "wordpress.com", "gravatar.com", "github.com",
	"github.io", "githubusercontent.com", "gitlab.com", "stripe.com", "paypal.com", "paypalobjects.com", "braintreegateway.com", "klarna.com", "hcaptcha.com", "intercom.io", "zendesk.com", "zdassets.com", "tawk.to", "hotjar.com",
	"hubspot.com", "hs-scripts.com", "hsforms.net", "segment.com", "newrelic.com", "nr-data.net", "quantserve.com", "scorecardresearch.com", "statcounter.com", "getclicky.com", "criteo.com", "criteo.net",
	"outbrain.com", "taboola.com", "addthis.com", "sharethis.com", "addtoany.com", "disqus.com", "disquscdn.com", "matomo.cloud", "yandex.ru", "yandex.com", "yandex.net", "baidu.com", "bdstatic.com", "bdimg.com", "cnzz.com",
	"51.la", "qq.com", "weibo.com", "sina.com.cn", "alicdn.com", "mail.ru", "vk.com", "soundcloud.com", "spotify.com", "mapbox.com", "openstreetmap.org", "optimizely.com", "salesforce.com", "force.com",
	"pardot.com", "marketo.net", "marketo.com", "list-manage.com", "cookielaw.org", "onetrust.com", "cookiebot.com", "mathjax.org", "polyfill.io", "w3.org", "mozilla.org"}

// WellKnown reports whether a host, in lower case, belongs to a service that
// very many sites have their visitors' browsers ask.
func WellKnown(host string) bool {
	for _, s := range services {
		if strings.HasSuffix(host, s) && (len(host) == len(s) || host[len(host)-len(s)-1] == '.') {
			return true
		}
	}
	return false
}

// ServiceName reports whether a name is that of such a service, under any domain;
// that its host is not named in plain tells nothing.
func ServiceName(name string) bool {
	return slices.ContainsFunc(services, func(s string) bool { return OwnName(s) == name })
}

// OwnName is the part of a host's name that its owner chose: of shop.example.co.uk
// example.
func OwnName(host string) string {
	labels := strings.Split(host, ".")
	at := max(0, len(labels)-2)
	if at > 0 && len(labels[len(labels)-1]) == 2 && len(labels[at]) <= 3 { // co.uk
		at--
	}
	return labels[at]
}
