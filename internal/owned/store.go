package owned

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// DefaultPath is where a director keeps its ledger.
const DefaultPath = "/run/lbha/owned.json"

// Store is the open ledger. Each change is on disk when the call returns; if
// it cannot be written, the call says so and the Store is as it was.
type Store struct {
	path    string
	writing sync.Mutex // held from the clone to the rename, never by readers
	now     atomic.Pointer[claims]

	createTemp func(dir, pattern string) (*os.File, error) // os.CreateTemp; a test's disk is full
}

// SetAsideError says that the file could not be read as a ledger and was
// renamed, so that nothing in it is lost.
type SetAsideError struct {
	Path  string // the ledger
	Aside string // where its content is now
	Why   error
}

// Error tells what was found and what that means for the machine.
func (e *SetAsideError) Error() string {
	return fmt.Sprintf("read ledger %s: %v; it was renamed to %s, and what it claims is left in the kernel as somebody else's",
		e.Path, e.Why, e.Aside)
}

// Unwrap gives the reason.
func (e *SetAsideError) Unwrap() error { return e.Why }

// Open reads the ledger at path. No file is an empty ledger; the first claim
// makes it. The folder must exist.
//
// A damaged file, or one of another version, is renamed to path.bad-N with the
// first free N. Then Open returns an empty Store that may be used at once AND
// a *SetAsideError: a caller that can carry on logs it, one that returns it
// finds the way clear at its next start. With any other error the Store is nil.
func Open(path string) (*Store, error) {
	s := &Store{path: path, createTemp: os.CreateTemp}
	s.now.Store(newClaims())

	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, checkFolder(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	c, why := decode(b)
	if why != nil {
		aside, err := setAside(path)
		if err != nil {
			return nil, fmt.Errorf("set damaged ledger %s (%w) aside: %w", path, why, err)
		}
		return s, &SetAsideError{Path: path, Aside: aside, Why: why}
	}
	s.now.Store(c)
	return s, nil
}

func checkFolder(path string) error {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open ledger: %w; create the folder (install -d -m 0755 %s)", err, dir)
	}
	if err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("open ledger: %s is not a folder", dir)
	}
	return nil
}

// setAside gives the file another name without ever replacing an older one:
// link fails with EEXIST where rename would overwrite.
func setAside(path string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.bad-%d", path, n)
		err := os.Link(path, aside)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return aside, os.Remove(path)
	}
}

// change runs edit on a copy of the claims and makes the copy the truth once
// it is on disk. An edit that returns false costs no write.
func (s *Store) change(edit func(*claims) bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()

	next := s.now.Load().clone()
	if !edit(next) {
		return nil
	}
	b, err := encode(next)
	if err != nil {
		return err
	}
	if err := s.replace(b); err != nil {
		return fmt.Errorf("write ledger %s: %w", s.path, err)
	}
	s.now.Store(next)
	return nil
}

// replace puts b at the path in one step. The temporary file has mode 0600 and
// a name of its own each time, so that two writers never share one.
func (s *Store) replace(b []byte) (err error) {
	tmp, err := s.createTemp(filepath.Dir(s.path), "."+filepath.Base(s.path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	if _, err := tmp.Write(b); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), s.path)
}
