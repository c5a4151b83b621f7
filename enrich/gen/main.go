// Command gen rebuilds the table of networks that package enrich embeds:
//
//	go run ./enrich/gen ../shared/data/misc > enrich/networks.bin
//
// It takes lists that may be redistributed (see NOTICE), joins neighbouring
// networks and writes them as package enrich describes.
package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"limier/enrich"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "gen: want the folder that holds hosting and misp-warninglists: go run ./enrich/gen FROM")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// published is when lord-alfred/ipranges collected the providers' own lists.
const published = "2026-08-22"

func run(dir string, w io.Writer) error {
	var lists []enrich.List
	for _, p := range []struct{ file, name string }{
		{"amazon", "Amazon"}, {"digitalocean", "DigitalOcean"}, {"google", "Google"}, {"linode", "Linode"},
		{"microsoft", "Microsoft"}, {"oracle", "Oracle Cloud"}, {"vultr", "Vultr"},
	} {
		prefixes, err := lines(filepath.Join(dir, "hosting", "ipranges-"+p.file+"-ipv4.txt"))
		if err != nil {
			return err
		}
		lists = append(lists, enrich.List{Kind: enrich.Hosting, Name: p.name, Source: "ranges that " + p.name + " publishes", Date: published, Prefixes: prefixes})
	}
	cdn, err := lines(filepath.Join(dir, "hosting", "ipranges-cloudflare-ipv4.txt"))
	if err != nil {
		return err
	}
	lists = append(lists, enrich.List{Kind: enrich.Relay, Name: "Cloudflare", Source: "ranges that Cloudflare publishes", Date: published, Prefixes: cdn})
	// The copy of Azure-Sentinel that this comes from is of January 2022.
	vps, err := lines(filepath.Join(dir, "hosting", "microsoft-VPS_Networks.csv"))
	if err != nil {
		return err
	}
	lists = append(lists, enrich.List{Kind: enrich.Hosting, Source: "Microsoft Sentinel's list of VPS networks", Date: "2022-01", Prefixes: vps})
	files, err := filepath.Glob(filepath.Join(dir, "misp-warninglists", "*.json"))
	if err != nil {
		return err
	}
	for _, name := range files {
		base := strings.TrimSuffix(filepath.Base(name), ".json")
		kind := enrich.KindOf(base)
		// Where the VPN lists come from, no licence is stated.
		if kind == enrich.Listed || kind == enrich.VPN {
			continue
		}
		if base != "ovh-cluster" && kind == enrich.Hosting || kind == enrich.Relay {
			continue // the providers' own lists are above
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		list, err := enrich.Warninglist(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		list.Kind = kind
		lists = append(lists, list)
	}
	numbers, err := asns(filepath.Join(dir, "hosting", "bad-asn-list.csv"))
	if err != nil {
		return err
	}
	_, err = w.Write(enrich.Encode(lists, "2026-03-18", numbers))
	for _, l := range lists {
		fmt.Fprintf(os.Stderr, "%s %s %s: %d networks\n", l.Kind, l.Date, l.Source, len(l.Prefixes))
	}
	return err
}

// lines reads a network or an address from the start of each line.
func lines(name string) ([]netip.Prefix, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var list []netip.Prefix
	in := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	for in.Scan() {
		word, _, _ := strings.Cut(in.Text(), ",")
		if p, ok := enrich.ParsePrefix(strings.TrimSpace(word)); ok {
			list = append(list, p)
		}
	}
	return list, in.Err()
}

func asns(name string) ([]uint32, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var list []uint32
	for _, row := range rows {
		if n, err := strconv.ParseUint(strings.TrimSpace(row[0]), 10, 32); err == nil {
			list = append(list, uint32(n))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}
