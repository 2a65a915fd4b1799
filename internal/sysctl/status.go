package sysctl

import (
	"cmp"
	"errors"
	"maps"
	"slices"
)

// A Status is one setting as it was found after the last Apply, Restore or
// Report.
type Status struct {
	// Key is the dotted key.
	Key string
	// Want is the wanted value; empty for a setting that is only in the ledger
	// because it could not be given back.
	Want string
	// Have is the value in the kernel; empty if it could not be read.
	Have string
	// Held says that the original is in the ledger and will be given back.
	Held bool
	// Original is the value before the first write, if Held.
	Original string
	// Why says for what it is needed.
	Why string
	// Err says what went wrong; "" is nothing.
	Err string
}

// OK reports whether the setting has the value that is wanted.
func (s Status) OK() bool { return s.Err == "" && s.Have == s.Want }

// Status returns the settings sorted by key. The caller must not change it.
func (m *Manager) Status() []Status {
	if p := m.status.Load(); p != nil {
		return *p
	}
	return nil
}

// publish reads everything once more, since that and not the memory of what was
// done is the truth.
func (m *Manager) publish(want []Setting, failed map[string]error) {
	byKey := make(map[string]Status)
	for _, w := range want {
		byKey[w.Key] = Status{Key: w.Key, Want: w.Value, Why: w.Why}
	}
	m.ledger.EachSysctl(func(key, original, _ string) {
		s := byKey[key]
		s.Key, s.Held, s.Original = key, true, original
		byKey[key] = s
	})
	all := slices.SortedFunc(maps.Values(byKey), func(a, b Status) int { return cmp.Compare(a.Key, b.Key) })
	for i := range all {
		s := &all[i]
		if value, err := m.tree.read(s.Key); err == nil {
			s.Have = value
		}
		if err := failed[s.Key]; err != nil {
			s.Err = err.Error()
		}
	}
	m.status.Store(&all)
}

// joined joins the errors in the order of their keys.
func joined(failed map[string]error) error {
	errs := make([]error, 0, len(failed))
	for _, key := range slices.Sorted(maps.Keys(failed)) {
		errs = append(errs, failed[key])
	}
	return errors.Join(errs...)
}
