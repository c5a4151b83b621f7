package console

import (
	_ "embed" // for the description
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"

	"limier/store"
)

//go:embed openapi.json
var openAPI []byte

// api adds what programs ask: the same questions as the pages, in JSON. They
// send a token of the account page as `Authorization: Bearer`.
func (c *Console) api(on func(string, store.Role, handler)) {
	on("GET /api/v1/overview", store.Viewer, func(v *visit) error {
		o, err := c.Store.Overview(v.ctx(), v.scope)
		return answer(v, o, "", err)
	})
	on("GET /api/v1/servers", store.Viewer, func(v *visit) error {
		f, err := v.filter()
		if err != nil {
			return err
		}
		list, next, err := c.Store.Servers(v.ctx(), v.scope, f, part(v.r))
		return answer(v, list, next, err)
	})
	on("GET /api/v1/servers/{id}", store.Viewer, func(v *visit) error {
		id, err := number(v.r)
		if err != nil {
			return err
		}
		s, err := c.Store.Server(v.ctx(), v.scope, id)
		return answer(v, s, "", err)
	})
	on("GET /api/v1/servers/{id}/cases", store.Viewer, func(v *visit) error {
		id, err := number(v.r)
		if err != nil {
			return err
		}
		cases, err := c.Store.Cases(v.ctx(), v.scope, id)
		var list []apiCase
		for _, k := range cases {
			list = append(list, apiCase{k, hex.EncodeToString(k.Evidence[:]), hex.EncodeToString(k.Hash[:])})
		}
		return answer(v, list, "", err)
	})
	on("GET /api/v1/cases/{id}", store.Viewer, func(v *visit) error {
		got, err := c.theCase(v)
		return answer(v, got, "", err)
	})
	on("GET /api/v1/search/{in}", store.Viewer, func(v *visit) error {
		d := searchData{Query: strings.TrimSpace(cut(v.r.URL.Query().Get("q"))), In: v.r.PathValue("in")}
		next, err := c.find(v, &d)
		var list any = d.Indicators
		switch d.In {
		case "files":
			list = d.Files
		case "findings":
			list = d.Findings
		}
		return answer(v, list, next, err)
	})
	on("GET /api/v1/files/{id}/prevalence", store.Viewer, func(v *visit) error {
		id, err := number(v.r)
		if err != nil {
			return err
		}
		seen, _, err := c.Store.FileServers(v.ctx(), v.scope, id, store.Page{Limit: 1})
		if err == nil && len(seen) == 0 {
			err = store.ErrNotFound // on no server that this account sees
		}
		if err != nil {
			return err
		}
		list, err := c.Store.Prevalence(v.ctx(), id)
		return answer(v, list, "", err)
	})
	on("GET /api/v1/cves/{cve}/builds", store.Viewer, func(v *visit) error {
		list, err := c.Store.CVEBuilds(v.ctx(), v.scope, strings.ToUpper(cut(v.r.PathValue("cve"))))
		return answer(v, list, "", err)
	})
	on("GET /api/v1/campaigns", store.Viewer, func(v *visit) error {
		list, next, err := c.Store.Campaigns(v.ctx(), v.scope, cut(v.r.URL.Query().Get("by")), part(v.r))
		return answer(v, list, next, err)
	})
	on("GET /api/v1/organisations", store.Analyst, func(v *visit) error {
		list, next, err := c.Store.Organisations(v.ctx(), v.scope, v.r.URL.Query().Get("notify") == "yes", part(v.r))
		return answer(v, list, next, err)
	})
	on("GET /api/v1/audit", store.Admin, func(v *visit) error {
		list, next, err := c.Store.Audit(v.ctx(), v.scope, part(v.r))
		return answer(v, list, next, err)
	})
}

// An apiCase is a case with its hashes as text: SHA-256 in hexadecimal.
type apiCase struct {
	store.CaseInfo
	Evidence string `json:"evidence"`
	Hash     string `json:"hash"`
}

// answer writes one thing, or a list with the key of its next part.
func answer(v *visit, value any, next string, err error) error {
	if err != nil {
		return err
	}
	if list := reflect.ValueOf(value); list.Kind() == reflect.Slice && list.IsNil() {
		value = []struct{}{} // a list without anything, not null
	}
	b, err := json.Marshal(struct {
		Data any    `json:"data"`
		Next string `json:"next,omitempty"`
	}{value, next})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	_, _ = v.w.Write(append(b, '\n'))
	return nil
}
