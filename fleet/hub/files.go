package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"limier/fleet"
	"limier/store"
)

// AskFile asks a server, at its next visit, for a file that one of its cases
// names with its hash.
func (h *Hub) AskFile(ctx context.Context, scope store.Scope, caseID int64, path, sha, by string) (id int64, err error) {
	id, err = h.store.AskFile(ctx, scope, store.FileRequest{Case: caseID, Path: path, SHA256: sha, Asked: h.config.Now(), AskedBy: by})
	if err == nil {
		h.note(ctx, store.Entry{Actor: by, Organisation: scope.Organisation(), Action: "file-ask", Object: fmt.Sprintf("case %d", caseID), Detail: path + " " + sha})
	}
	return id, err
}

// OpenFile opens a file that a server sent, within the scope. It may be
// hostile: whoever reads it must not run it, and antivirus may want it.
func (h *Hub) OpenFile(ctx context.Context, scope store.Scope, server, request int64) (io.ReadCloser, error) {
	list, err := h.store.FileRequests(ctx, scope, server, store.FileReceived)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if r.ID == request {
			f, err := os.Open(h.filePath(request))
			if err != nil {
				return nil, err
			}
			dec, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
			if err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return unpacked{dec, f}, nil
		}
	}
	return nil, store.ErrNotFound
}

type unpacked struct {
	*zstd.Decoder
	f *os.File
}

func (u unpacked) Close() error {
	u.Decoder.Close()
	return u.f.Close()
}

// DeleteFile deletes a file that a server sent, within the scope;
// fs.ErrNotExist if this hub does not hold it.
func (h *Hub) DeleteFile(ctx context.Context, scope store.Scope, server, request int64) error {
	return h.deleteFile(ctx, scope, server, request, time.Time{})
}

// deleteFile deletes a file that came before a time, or whenever it came. What
// was noted as deleted and is still there, expireFiles finds again.
func (h *Hub) deleteFile(ctx context.Context, scope store.Scope, server, request int64, before time.Time) error {
	r, err := h.store.FileRequest(ctx, scope, request)
	if err != nil {
		return err
	}
	if _, err := os.Stat(h.filePath(request)); err != nil {
		if r.State != store.FileReceived {
			return store.ErrNotFound
		}
		return err
	}
	if r.State != store.FileDeleted {
		if err := h.store.DropFile(ctx, scope, server, request, before); err != nil {
			return err
		}
	}
	return os.Remove(h.filePath(request))
}

// expireFiles deletes the files that came before a time, and returns how many. Of
// several hubs each looks after its own folder.
func (h *Hub) expireFiles(ctx context.Context, before time.Time) (n int, err error) {
	list, err := os.ReadDir(filepath.Join(h.config.Dir, "files"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, f := range list {
		number, ok := strings.CutSuffix(f.Name(), ".zst")
		id, e := strconv.ParseInt(number, 10, 64)
		if !ok || e != nil {
			continue
		}
		r, e := h.store.FileRequest(ctx, store.All(), id)
		if e == nil {
			e = h.deleteFile(ctx, store.All(), r.Server, id, before)
		}
		switch {
		case e == nil:
			n++
			h.note(ctx, store.Entry{Actor: "hub", Action: "file-expired", Object: fmt.Sprintf("request %d", id), Detail: r.Path + " " + r.SHA256})
		case !errors.Is(e, store.ErrNotFound): // it is younger, or of no request that is known
			err = errors.Join(err, e)
		}
	}
	return n, err
}

// filePath is where the answer to a request lies: compressed, so that
// antivirus lets it be.
func (h *Hub) filePath(request int64) string {
	return filepath.Join(h.config.Dir, "files", strconv.FormatInt(request, 10)+".zst")
}

// requestOf returns the open request that the address names, if it is one of
// this server's.
func (h *Hub) requestOf(w http.ResponseWriter, r *http.Request, server int64) (store.FileRequest, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		var open []store.FileRequest
		if open, err = h.store.FileRequests(r.Context(), store.All(), server, store.FileAsked); err == nil {
			for _, o := range open {
				if o.ID == id {
					return o, true
				}
			}
		}
	}
	problem(w, http.StatusNotFound, "this server was not asked for that")
	return store.FileRequest{}, false
}

// receiveFile takes a file, compressed with zstd: the one with the hash that
// was asked for, and no other.
func (h *Hub) receiveFile(w http.ResponseWriter, r *http.Request, server int64) {
	req, ok := h.requestOf(w, r, server)
	if !ok {
		return
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(10 * time.Minute)) // a connection that cannot is not one of ours
	size, err := h.takeFile(req, http.MaxBytesReader(w, r.Body, fleet.MaxFile))
	if err != nil {
		h.log.Warn("a file was not taken", "server", server, "request", req.ID, "error", err)
		problem(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	h.finish(w, r, server, store.FileRequest{ID: req.ID, State: store.FileReceived, Size: size})
}

func (h *Hub) takeFile(req store.FileRequest, body io.Reader) (size int64, err error) {
	path := h.filePath(req.ID)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	dec, err := zstd.NewReader(io.TeeReader(body, f), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return 0, err
	}
	defer dec.Close()
	sum := sha256.New()
	size, err = io.Copy(sum, io.LimitReader(dec, fleet.MaxFile+1))
	switch {
	case err != nil:
		return 0, err
	case size > fleet.MaxFile:
		return 0, fmt.Errorf("the file is larger than %d MiB", fleet.MaxFile>>20)
	case hex.EncodeToString(sum.Sum(nil)) != req.SHA256:
		return 0, errors.New("this is not the file that was asked for: its hash is another")
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), path)
}

// refuseFile notes that a server does not send a file.
func (h *Hub) refuseFile(w http.ResponseWriter, r *http.Request, server int64) {
	var refusal fleet.FileRefusal
	if !read(w, r, &refusal) {
		return
	}
	req, ok := h.requestOf(w, r, server)
	if ok {
		h.finish(w, r, server, store.FileRequest{ID: req.ID, State: store.FileRefused, Reason: refusal.Reason})
	}
}

func (h *Hub) finish(w http.ResponseWriter, r *http.Request, server int64, a store.FileRequest) {
	a.Answered = h.config.Now()
	if err := h.store.AnswerFile(r.Context(), server, a); err != nil {
		if a.State == store.FileReceived {
			h.leaveOut(a.ID)
		}
		h.failed(w, "noting the answer", err)
		return
	}
	if a.State == store.FileReceived {
		h.metrics.files.Add(1)
	}
	h.note(r.Context(), store.Entry{Actor: clientName(server), Action: "file-" + string(a.State), Object: fmt.Sprintf("request %d", a.ID), Detail: a.Reason, Address: peerOf(r)})
	w.WriteHeader(http.StatusNoContent)
}

// leaveOut takes away a file that came after the request was answered otherwise,
// or after what came was deleted: nothing else would know of it.
func (h *Hub) leaveOut(request int64) {
	r, err := h.store.FileRequest(context.Background(), store.All(), request)
	if err == nil && (r.State == store.FileRefused || r.State == store.FileDeleted) {
		err = os.Remove(h.filePath(request))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.log.Error("a file that came late was not taken away", "request", request, "error", err)
	}
}
