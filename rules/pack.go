//go:build ignore

// The program pack writes pack.gz from the rules below this folder.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"log"
	"os"
	"path"
)

func main() {
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	archive := tar.NewWriter(zip)
	err = fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yml" {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			return err
		}
		_, err = archive.Write(data)
		return err
	})
	for _, close := range []func() error{archive.Close, zip.Close} {
		if err == nil {
			err = close()
		}
	}
	if err == nil {
		err = os.WriteFile("pack.gz", out.Bytes(), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}
