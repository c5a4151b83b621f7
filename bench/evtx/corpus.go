package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// A log is one .evtx file of the evidence, or one in a zip of it.
type log struct {
	name string // slashes, relative to the folder of the evidence
	data []byte
}

// groups are the folders of real evidence that hold event logs.
var groups = []string{"evtx-attack", "evtx-benign", "sigma/regression_data"}

// corpus reads all event logs below root, those in zip files as well: their
// names may have backslashes.
func corpus(root string) (logs []log, err error) {
	for _, group := range groups {
		err := filepath.WalkDir(filepath.Join(root, group), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			rel = filepath.ToSlash(rel)
			switch strings.ToLower(path.Ext(name)) {
			case ".evtx":
				data, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				logs = append(logs, log{rel, data})
			case ".zip":
				members, err := zipped(name, rel)
				if err != nil {
					return err
				}
				logs = append(logs, members...)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Slice(logs, func(i, j int) bool { return logs[i].name < logs[j].name })
	return logs, nil
}

func zipped(name, rel string) (logs []log, err error) {
	z, err := zip.OpenReader(name)
	if err != nil && z == nil {
		return nil, err
	}
	defer z.Close()
	for _, m := range z.File {
		member := strings.ReplaceAll(m.Name, `\`, "/")
		if !strings.EqualFold(path.Ext(member), ".evtx") {
			continue
		}
		r, err := m.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, io.LimitReader(r, 64<<20)); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		r.Close()
		logs = append(logs, log{rel + "/" + member, b.Bytes()})
	}
	return logs, nil
}
