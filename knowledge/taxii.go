package knowledge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// taxiiType is the media type of TAXII 2.1
// (https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html, 1.6.8).
const taxiiType = "application/taxii+json;version=2.1"

// maxPages bounds how often a collection says that there is more.
const maxPages = 10_000

// FetchTAXII reads all objects of a TAXII 2.1 collection and returns them as
// one envelope, which ReadImport reads. The URL is that of the collection:
// https://HOST/API-ROOT/collections/ID/. It follows next, and added_after where a
// server has no next; it follows no redirect to another host.
func FetchTAXII(ctx context.Context, client *http.Client, collection string, header http.Header) (io.Reader, error) {
	base, err := url.Parse(collection)
	if err != nil || base.Host == "" || !strings.Contains(base.Path, "/collections/") {
		return nil, fmt.Errorf("%q is not the URL of a collection: https://HOST/API-ROOT/collections/ID/", collection)
	}
	if !strings.HasSuffix(strings.TrimSuffix(base.Path, "/"), "/objects") {
		base = base.JoinPath("objects/")
	}
	own := *client
	own.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != base.Host || len(via) > 5 {
			return errors.New("the server leads to another host: nothing was read from there")
		}
		return nil
	}
	var out bytes.Buffer
	out.WriteString(`{"objects":[`)
	query := url.Values{"limit": {"1000"}}
	first := true
	for page := 1; ; page++ {
		if page > maxPages {
			return nil, fmt.Errorf("the server says for the %dth time that there is more", maxPages)
		}
		u := *base
		u.RawQuery = query.Encode()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, err
		}
		for k, v := range header {
			r.Header[k] = v
		}
		r.Header.Set("Accept", taxiiType)
		var envelope struct {
			More    bool              `json:"more"`
			Next    string            `json:"next"`
			Objects []json.RawMessage `json:"objects"`
		}
		last, err := taxiiPage(&own, r, &envelope)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", page, err)
		}
		for _, o := range envelope.Objects {
			if !first {
				out.WriteByte(',')
			}
			first = false
			out.Write(o)
		}
		if out.Len() > maxImport {
			return nil, fmt.Errorf("the collection is larger than %d MiB", maxImport>>20)
		}
		switch {
		case !envelope.More:
			out.WriteString("]}")
			return &out, nil
		case envelope.Next != "" && query.Get("next") != envelope.Next:
			query.Set("next", envelope.Next)
		case envelope.Next == "" && last != "" && query.Get("added_after") != last:
			query.Set("added_after", last)
		default:
			return nil, fmt.Errorf("page %d: the server says that there is more, and not where", page)
		}
	}
}

func taxiiPage(client *http.Client, r *http.Request, envelope any) (lastAdded string, err error) {
	resp, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the server answered %s", resp.Status)
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/taxii+json" {
		return "", fmt.Errorf("the server answered with %q, which is no TAXII", short(resp.Header.Get("Content-Type")))
	}
	if err := json.NewDecoder(&bounded{r: resp.Body, left: 64 << 20}).Decode(envelope); err != nil {
		return "", err
	}
	return resp.Header.Get("X-TAXII-Date-Added-Last"), nil
}
