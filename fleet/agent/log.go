package agent

import (
	"fmt"
	"os"
	"sync"
)

// maxLog is how many bytes a log holds before it is put aside.
const maxLog = 8 << 20

// A logFile appends to a file. Before it would pass its limit, the file is put
// aside under the same name and .1, in place of what was there: two files are
// all there ever is, however long a service runs.
type logFile struct {
	mu    sync.Mutex
	path  string
	limit int64 // 0 for what cannot be put aside: a device, a pipe
	f     *os.File
	size  int64
}

func openLog(path string, limit int64) (*logFile, error) {
	l := &logFile{path: path, limit: limit}
	return l, l.open(os.O_APPEND)
}

// open opens the file; how is os.O_APPEND, or with os.O_TRUNC to empty it. A
// link is not followed: whoever may write in the folder would have a file
// elsewhere written, or emptied.
func (l *logFile) open(how int) error {
	link := fmt.Errorf("%s is a link: say the file itself with --log, or remove the link", l.path)
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|noFollow|how, 0o600)
	if err != nil {
		if is, e := os.Lstat(l.path); e == nil && is.Mode()&os.ModeSymlink != 0 {
			err = link
		}
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&(os.ModeSymlink|os.ModeIrregular) != 0 { // Windows opens the link itself
		err = link
	}
	if err != nil {
		f.Close()
		return err
	}
	if !info.Mode().IsRegular() {
		l.limit = 0
	}
	l.f, l.size = f, info.Size()
	return nil
}

// Write writes an entry whole into one file.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil || l.limit > 0 && l.size > 0 && l.size+int64(len(p)) > l.limit {
		if err := l.turn(); err != nil {
			return 0, fmt.Errorf("putting the log aside: %w", err)
		}
	}
	n, err := l.f.Write(p)
	l.size += int64(n)
	return n, err
}

// turn starts the file anew. Windows refuses to rename what another program
// reads, such as a log shipper: then the old text is lost rather than the disk
// filled.
func (l *logFile) turn() error {
	if l.f != nil {
		l.f.Close()
		l.f = nil
	}
	how := os.O_APPEND
	if os.Rename(l.path, l.path+".1") != nil {
		how |= os.O_TRUNC
	}
	return l.open(how)
}

// Close closes the file.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}
