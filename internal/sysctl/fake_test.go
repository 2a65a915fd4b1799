package sysctl

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// memory is a ledger that outlives managers, as the real one outlives processes.
type memory struct {
	entries map[string]Saved
	refuse  error  // returned by each change
	onClaim func() // called before a claim is done
}

func (m *memory) ClaimSysctl(key, original, ours string) error {
	if m.onClaim != nil {
		m.onClaim()
	}
	if m.refuse != nil {
		return m.refuse
	}
	if old, ok := m.entries[key]; ok {
		original = old.Original
	}
	if m.entries == nil {
		m.entries = make(map[string]Saved)
	}
	m.entries[key] = Saved{key, original, ours}
	return nil
}

func (m *memory) ReleaseSysctl(key string) error {
	if m.refuse != nil {
		return m.refuse
	}
	delete(m.entries, key)
	return nil
}

func (m *memory) EachSysctl(f func(key, original, ours string)) {
	for _, s := range m.entries {
		f(s.Key, s.Original, s.Ours)
	}
}

var errDisk = errors.New("disk full")

// host is a folder that stands for /proc/sys, with the ledger and log of a machine.
type host struct {
	t      *testing.T
	root   string
	ledger memory
	log    bytes.Buffer
}

func newHost(t *testing.T, values map[string]string) *host {
	h := &host{t: t, root: t.TempDir()}
	for key, value := range values {
		h.put(key, value)
	}
	return h
}

// start returns the manager of a new life of the daemon.
func (h *host) start() *Manager {
	text := slog.NewTextHandler(&h.log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	return New(Options{Ledger: &h.ledger, Log: slog.New(text), Root: h.root})
}

func (h *host) file(key string) string {
	h.t.Helper()
	name, err := filename(key)
	if err != nil {
		h.t.Fatal(err)
	}
	return filepath.Join(h.root, name)
}

func (h *host) put(key, value string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.file(key)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.file(key), []byte(value+"\n"), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) want(key, value string) {
	h.t.Helper()
	b, err := os.ReadFile(h.file(key))
	if err != nil {
		h.t.Fatal(err)
	}
	if got := strings.TrimSpace(string(b)); got != value {
		h.t.Errorf("%s is %q, want %q", key, got, value)
	}
}
