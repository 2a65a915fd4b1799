package sysctl

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync/atomic"
)

// A Ledger remembers what is ours across the end of the process. Each method
// returns after the change is safe.
type Ledger interface {
	// ClaimSysctl remembers that key had the value original and is given the
	// value ours. A key that is there already keeps its original.
	ClaimSysctl(key, original, ours string) error
	// ReleaseSysctl forgets key. An unknown key is no error.
	ReleaseSysctl(key string) error
	// EachSysctl calls f for each key, in any order.
	EachSysctl(f func(key, original, ours string))
}

// Options are what a [Manager] works with.
type Options struct {
	// Ledger keeps the originals; required.
	Ledger Ledger
	// Log gets each change; nil discards.
	Log *slog.Logger
	// Root is the folder with the settings; "" is [DefaultRoot].
	Root string
}

// A Manager makes kernel settings what they must be, and gives them back.
type Manager struct {
	tree   tree
	ledger Ledger
	log    *slog.Logger
	status atomic.Pointer[[]Status]
}

// New returns a manager. It reads and writes nothing.
func New(opt Options) *Manager {
	m := &Manager{tree: tree(opt.Root), ledger: opt.Ledger, log: opt.Log}
	if m.tree == "" {
		m.tree = DefaultRoot
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	return m
}

// Apply makes every setting of want hold, and gives back what is in the ledger
// but not in want. A setting that already has its value is left alone and
// nothing is remembered of it. The error joins those of single settings, each
// with its key; one that fails stops no other. Applying the same again changes
// only what somebody else has changed meanwhile.
func (m *Manager) Apply(want []Setting) error {
	want, err := tidy(want)
	have, ledger, failed := m.look(want)
	for _, op := range Plan(have, want, ledger) {
		if err := m.carryOut(op, ledger); err != nil {
			failed[op.Key] = err
		}
	}
	m.publish(want, failed)
	return errors.Join(err, joined(failed))
}

// Restore gives back every setting of the ledger, those of an earlier life
// included: the original is put back if the value is still the one that was
// set, else the value is left and that is logged.
func (m *Manager) Restore() error { return m.Apply(nil) }

// Report compares only, for configurations that say manage = false: it writes
// neither settings nor the ledger. Differences are logged and stand in Status;
// the error joins only what could not be read.
func (m *Manager) Report(want []Setting) error {
	want, err := tidy(want)
	have, _, failed := m.look(want)
	for _, op := range Plan(have, want, nil) {
		m.log.Warn("kernel setting differs", "key", op.Key, "have", op.Have, "want", op.Value, "why", op.Why)
	}
	m.publish(want, failed)
	return errors.Join(err, joined(failed))
}

// look reads the wanted settings and those of the ledger. What cannot be read
// is in failed and has no part in the plan, except that a setting of the ledger
// that does not exist any more can be forgotten.
func (m *Manager) look(want []Setting) (have map[string]string, ledger []Saved, failed map[string]error) {
	have, failed = make(map[string]string), make(map[string]error)
	for _, w := range want {
		value, err := m.tree.read(w.Key)
		if err != nil {
			failed[w.Key] = err
			continue
		}
		have[w.Key] = value
	}
	m.ledger.EachSysctl(func(key, original, ours string) {
		ledger = append(ledger, Saved{Key: key, Original: original, Ours: ours})
	})
	kept := ledger[:0]
	for _, s := range ledger {
		value, err := m.tree.read(s.Key)
		switch {
		case err == nil:
			have[s.Key] = value
		case !errors.Is(err, fs.ErrNotExist):
			failed[s.Key] = err
			continue
		}
		kept = append(kept, s)
	}
	return have, kept, failed
}

// carryOut does one operation, in the order that a crash between any two of its
// steps leaves the original in the ledger.
func (m *Manager) carryOut(op Op, ledger []Saved) error {
	switch op.Action {
	case Set:
		if err := m.ledger.ClaimSysctl(op.Key, op.Original, op.Value); err != nil {
			return fmt.Errorf("remember original of %s: %w", op.Key, err)
		}
		if err := m.tree.write(op.Key, op.Value); err != nil {
			return errors.Join(err, m.unclaim(op, ledger))
		}
		m.log.Info("kernel setting changed", "key", op.Key, "from", op.Have, "to", op.Value, "why", op.Why)
		return nil
	case PutBack:
		if err := m.tree.write(op.Key, op.Original); err != nil {
			return err
		}
		m.log.Info("kernel setting put back", "key", op.Key, "from", op.Have, "to", op.Original)
	case Leave:
		m.log.Warn("kernel setting left as it is: it is no longer what was set", "key", op.Key, "have", op.Have, "set", op.Value, "original", op.Original)
	}
	if err := m.ledger.ReleaseSysctl(op.Key); err != nil {
		return fmt.Errorf("forget original of %s: %w", op.Key, err)
	}
	return nil
}

// unclaim makes the ledger what it was before a write that failed. A write
// that the kernel took in part, as by clamping, stays claimed.
func (m *Manager) unclaim(op Op, ledger []Saved) error {
	if value, err := m.tree.read(op.Key); err == nil && value != op.Have {
		return m.ledger.ClaimSysctl(op.Key, op.Original, value)
	}
	for _, s := range ledger {
		if s.Key == op.Key {
			return m.ledger.ClaimSysctl(s.Key, s.Original, s.Ours)
		}
	}
	return m.ledger.ReleaseSysctl(op.Key)
}
