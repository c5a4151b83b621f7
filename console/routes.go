package console

import (
	"net/http"
	"strings"

	"limier/publish/taxii"
	"limier/store"
)

// routes says which page needs which role.
func (c *Console) routes() {
	m := c.mux
	open := func(pattern string, h handler) { m.Handle(pattern, c.open(h)) }
	on := func(pattern string, role store.Role, h handler) { m.Handle(pattern, c.guard(role, h)) }
	// whole is for what concerns the whole hub: an account of one organisation may
	// not, whatever its role.
	whole := func(pattern string, role store.Role, h handler) {
		on(pattern, role, func(v *visit) error {
			if !v.scope.Whole() {
				return store.ErrScope
			}
			return h(v)
		})
	}

	m.HandleFunc("GET "+c.cssPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		_, _ = w.Write(c.css)
	})
	m.HandleFunc("GET /api/console.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openAPI)
	})
	open("GET /login", c.loginPage)
	open("POST /login", c.login)
	open("POST /logout", c.logout)
	open("POST /language", c.setLanguage)
	open("GET /setup", c.setupPage)
	open("POST /setup", c.setup)
	if c.oidc != nil {
		open("GET /oidc/start", c.oidcStart)
		open("GET /oidc/callback", c.oidcCallback)
	}

	on("GET /{$}", store.Viewer, c.estate)
	on("GET /servers", store.Viewer, c.servers)
	on("GET /servers/{id}", store.Viewer, c.server)
	on("POST /servers/{id}/ask", store.Analyst, c.ask)
	on("POST /servers/{id}/revoke", store.Admin, c.revoke)
	on("POST /servers/{id}/delete-file", store.Admin, c.deleteFile)
	on("GET /cases/{id}", store.Viewer, c.report)
	on("GET /cases/{id}/{format}", store.Analyst, c.export)
	on("GET /search", store.Viewer, c.search)
	on("GET /files/{id}", store.Viewer, c.file)
	on("GET /findings/{id}", store.Viewer, c.findingServers)
	on("GET /campaigns", store.Viewer, c.campaigns)
	on("GET /campaigns/{id}", store.Viewer, c.campaign)
	on("GET /notify", store.Analyst, c.notify)
	on("GET /notify.csv", store.Analyst, c.notifyCSV)
	whole("POST /notify", store.Analyst, c.notified)
	on("GET /knowledge", store.Viewer, c.knowledge)
	on("GET /read", store.Analyst, c.readPage)
	on("POST /read", store.Analyst, c.read)
	on("GET /publication", store.Publisher, c.publication)
	whole("POST /publication/claims", store.Publisher, c.publishClaims)
	whole("POST /publication/indicators", store.Publisher, c.publishIndicators)
	whole("POST /publication/collections", store.Publisher, c.putCollection)
	whole("POST /publication/withdraw", store.Publisher, c.withdraw)
	on("POST /publication/statement", store.Publisher, c.verifyStatement)
	m.Handle(taxii.Prefix, c.asking(c.taxiiServer()))
	m.Handle("/misp-feed/", c.asking(http.HandlerFunc(c.mispFeed)))
	on("GET /account", store.Viewer, c.account)
	on("POST /account/password", store.Viewer, c.changePassword)
	on("POST /account/token", store.Viewer, c.newAPIToken)
	on("GET /admin", store.Admin, c.admin)
	on("POST /admin/accounts", store.Admin, c.newAccount)
	on("POST /admin/accounts/state", store.Admin, c.accountState)
	on("POST /admin/tokens", store.Admin, c.newToken)
	on("POST /admin/tokens/revoke", store.Admin, c.revokeToken)
	whole("POST /admin/organisations", store.Admin, c.putOrganisation)
	whole("POST /admin/dead-letters/replay", store.Admin, c.replay)
	c.api(on)

	for _, mount := range c.Mounts {
		m.Handle(mount.Path, c.guard(mount.Role, func(v *visit) error {
			mount.Handler.ServeHTTP(v.w, v.r)
			return nil
		}))
	}
	open("/", c.elsewhere)
}

// elsewhere answers what no page takes: there is none at the address, or none for
// the method.
func (c *Console) elsewhere(v *visit) error {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		r := v.r.Clone(v.ctx())
		r.Method = method
		if _, pattern := c.mux.Handler(r); pattern != "/" {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		return store.ErrNotFound
	}
	v.w.Header().Set("Allow", strings.Join(allow, ", "))
	return v.fail(http.StatusMethodNotAllowed, nil, "This address takes %s only.", strings.Join(allow, ", "))
}
