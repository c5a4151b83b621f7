package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/klauspost/compress/zstd"

	"limier/fleet"
)

// answer sends a file that the hub asks for: only if the administrator here
// allows it, and only the content with that hash. The path is one inside the
// evidence, which cannot lead out of it.
func (a *Agent) answer(ctx context.Context, o fleet.FileOrder) error {
	refuse := func(reason string) error {
		a.Log.Warn("a file that the hub asks for is not sent", "path", o.Path, "reason", reason)
		return a.client.RefuseFile(ctx, o.ID, reason)
	}
	if !a.AllowFiles || a.Source == nil {
		return refuse("the administrator of the server does not allow it")
	}
	if !fs.ValidPath(o.Path) {
		return refuse("this is no path in the evidence")
	}
	src, closer, err := a.Source(ctx)
	if err != nil {
		return refuse("the evidence cannot be opened: " + err.Error())
	}
	defer closer.Close()
	size, sum, err := measure(src.FS, o.Path)
	switch {
	case err != nil:
		return refuse("it cannot be read: " + err.Error())
	case size > fleet.MaxFile:
		return refuse(fmt.Sprintf("it is larger than %d MiB", fleet.MaxFile>>20))
	case sum != o.SHA256:
		return refuse("it has changed: its hash is another now")
	}
	f, err := src.FS.Open(o.Path)
	if err != nil {
		return refuse("it cannot be read: " + err.Error())
	}
	defer f.Close()
	pr, pw := io.Pipe()
	go func() {
		enc, err := zstd.NewWriter(pw, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		if err == nil {
			_, err = io.Copy(enc, io.LimitReader(f, size))
			err = errors.Join(err, enc.Close())
		}
		pw.CloseWithError(err)
	}()
	defer pr.Close()
	err = a.client.SendFile(ctx, o.ID, pr)
	var refused *Refused
	if errors.As(err, &refused) && refused.Final() {
		return refuse("the hub did not take it: " + refused.Detail)
	}
	if err == nil {
		a.Log.Info("a file was sent as the hub asked", "path", o.Path, "bytes", size)
	}
	return err
}

func measure(fsys fs.FS, name string) (size int64, sum string, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	size, err = io.Copy(h, io.LimitReader(f, fleet.MaxFile+1))
	return size, hex.EncodeToString(h.Sum(nil)), err
}
