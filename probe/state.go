package probe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A State remembers in a file who was asked, so that a long run can be stopped
// and taken up: a result a line, as JSON, written before it is shown.
type State struct {
	f    *os.File
	Done map[string]Status // by [Target.Key]
}

// OpenState reads a state file, or makes one. A last line that a crash cut off
// is taken away: that target is asked again.
func OpenState(name string) (*State, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &State{f: f, Done: map[string]Status{}}
	end, err := s.read()
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return s, nil
}

// read returns where the last whole line ends.
func (s *State) read() (end int64, err error) {
	in := bufio.NewReaderSize(s.f, 1<<20)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return 0, fmt.Errorf("line %d: %w: is this a state file?", n, err)
		}
		var r struct {
			Target string `json:"target"`
			Status Status `json:"status"`
		}
		if err := json.Unmarshal(line, &r); err != nil || r.Target == "" {
			return 0, fmt.Errorf("line %d is no result: is this a state file?", n)
		}
		s.Done[r.Target] = r.Status
		end += int64(len(line))
	}
}

// Add writes a result.
func (s *State) Add(r Result) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	s.Done[r.Target] = r.Status
	_, err = s.f.Write(append(b, '\n'))
	return err
}

// Close closes the file.
func (s *State) Close() error { return s.f.Close() }
