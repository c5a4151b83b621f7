package hub

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"limier/store"
)

// Backup writes a hub's folder as a .tar.zst: its keys, the files that servers
// sent, and the database as snapshot copies it (nil: the database is backed up
// by its own means). The queue is left out: collectors keep what is not stored
// yet, and send it again.
func Backup(ctx context.Context, dir string, h *store.Hub, snapshot func(ctx context.Context, h *store.Hub, path string) error, w io.Writer) error {
	enc, err := zstd.NewWriter(w)
	if err != nil {
		return err
	}
	t := tar.NewWriter(enc)
	if snapshot != nil {
		tmp, err := os.MkdirTemp(dir, ".backup-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		name := filepath.Join(tmp, "hub.db")
		if err := snapshot(ctx, h, name); err != nil {
			return fmt.Errorf("copying the database: %w", err)
		}
		if err := addFile(t, name, "hub.db"); err != nil {
			return err
		}
	}
	for _, folder := range []string{"keys", "files"} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				if err := addFile(t, filepath.Join(dir, folder, e.Name()), folder+"/"+e.Name()); err != nil {
					return err
				}
			}
		}
	}
	return errors.Join(t.Close(), enc.Close())
}

func addFile(t *tar.Writer, name, as string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: as, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, info.Size())
	return err
}

// Restore reads a backup into dir, which must hold no hub. What it read of one
// that is cut off is not left there: it would pass for a hub.
func Restore(dir string, r io.Reader) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: a backup is restored into a new folder", dir)
	}
	root, err := os.OpenRoot(dir) // whatever the backup says, nothing is written outside
	if err != nil {
		return err
	}
	defer root.Close()
	defer func() {
		if err != nil {
			err = errors.Join(err, root.RemoveAll("hub.db"), root.RemoveAll("keys"), root.RemoveAll("files"))
		}
	}()
	dec, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer dec.Close()
	t := tar.NewReader(dec)
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("this is no backup of a hub, or it is damaged: %w", err)
		}
		folder, name := path.Split(head.Name)
		if head.Typeflag != tar.TypeReg || name == "" || folder != "keys/" && folder != "files/" && head.Name != "hub.db" {
			return fmt.Errorf("this is no backup of a hub: it holds %.100q", head.Name)
		}
		if folder != "" {
			if err := root.Mkdir(strings.TrimSuffix(folder, "/"), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
		f, err := root.OpenFile(head.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, t)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("restoring %s, nothing is restored: %w", head.Name, err)
		}
	}
}
