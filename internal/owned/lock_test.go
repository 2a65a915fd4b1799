package owned

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestLockIsForOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owned.json")
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("second Lock: %v, want ErrLocked", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(path)
	if err != nil {
		t.Fatalf("after the first was closed: %v", err)
	}
	again.Close()
}
