// Gen writes the example collections: an Exchange server that was broken into
// in March 2021, and one that was not.
//
//	go generate ./examples/gen
//	go run ./examples/gen -list intrusion
//
// Everything in them is made up, in the formats of the real thing: addresses
// are of RFC 5737 and RFC 2544, names of RFC 2606. What the intruder left is
// stored encoded here and packed there, so that antivirus leaves the checkout
// alone; the web shell does not even compile. The same program gives the same
// bytes, which a test proves.
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

//go:generate go run limier/examples/gen -o ..

// An example is one collection.
type example struct {
	dir  string
	name string // of the archive, as KAPE names its own: time and host
	make func() (*collection, error)
}

var examples = []example{
	{"intrusion", "2021-03-09T101112_EX01.tar.zst", intrusion},
	{"clean", "2026-06-09T101112_EX02.tar.zst", clean},
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(2)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("gen", flag.ContinueOnError)
	out := flags.String("o", "examples", "folder to write to")
	list := flags.String("list", "", "only list the files of this example")
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, e := range examples {
		if *list != "" && *list != e.dir {
			continue
		}
		c, err := e.make()
		if err != nil {
			return fmt.Errorf("making %s: %w", e.dir, err)
		}
		if *list != "" {
			for _, f := range c.files() {
				fmt.Fprintf(stdout, "%8d  %s  %s\n", len(f.data), f.mod.Format("2006-01-02 15:04:05"), f.path)
			}
			return nil
		}
		if err := write(filepath.Join(*out, e.dir, e.name), c); err != nil {
			return err
		}
	}
	if *list != "" {
		return fmt.Errorf("no example %q", *list)
	}
	return nil
}

func write(name string, c *collection) error {
	data, err := pack(c)
	if err != nil {
		return err
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(name, w.EncodeAll(data, nil), 0o644), w.Close())
}

// pack makes a tar of c.
func pack(c *collection) ([]byte, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range c.files() {
		// PAX keeps names of Exchange's length whole.
		h := &tar.Header{Name: f.path, Size: int64(len(f.data)), Mode: 0o644, ModTime: f.mod, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return buf.Bytes(), err
}
