package sysctl

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A Setting is a kernel setting that a configuration needs.
type Setting struct {
	// Key names it, in either form of sysctl(8): "net.ipv4.ip_forward".
	Key string
	// Value is what it must be. White space is compared as the kernel sees it.
	Value string
	// Why says for what it is needed, for status and log: "virtual_server web forwards by nat".
	Why string
}

// A Saved is an entry of the ledger.
type Saved struct {
	// Key is the dotted key.
	Key string
	// Original is the value before the first write.
	Original string
	// Ours is the value that was written last.
	Ours string
}

// Action is what an [Op] does.
type Action uint8

const (
	// Set claims the original in the ledger, then writes the value.
	Set Action = iota
	// PutBack writes the original, then releases the claim.
	PutBack
	// Leave releases the claim without a write: the value is no longer ours.
	Leave
)

// String returns "set", "put back" or "leave".
func (a Action) String() string {
	switch a {
	case Set:
		return "set"
	case PutBack:
		return "put back"
	case Leave:
		return "leave"
	}
	return fmt.Sprintf("action(%d)", uint8(a))
}

// An Op is one step from what the kernel has to what is wanted.
type Op struct {
	Action Action
	Key    string
	// Have is the value in the kernel; empty if the setting does not exist any more.
	Have string
	// Value is what is written; for Leave it is what was written last.
	Value string
	// Original is the value before the first write, as the ledger keeps it.
	Original string
	// Why is the setting's own Why; empty for what is no longer wanted.
	Why string
}

// Plan says what must be done, sorted by key, so that the settings of want hold
// and those of the ledger that nobody wants any more are given back. Keys are
// dotted and values normal, as tidy makes them. have holds what could be read:
// a wanted key that is missing there has no operation, a missing key of the
// ledger has ceased to exist (its interface is gone).
func Plan(have map[string]string, want []Setting, ledger []Saved) []Op {
	saved := make(map[string]Saved, len(ledger))
	for _, s := range ledger {
		saved[s.Key] = s
	}
	var ops []Op
	for _, w := range want {
		s, held := saved[w.Key]
		delete(saved, w.Key)
		value, ok := have[w.Key]
		// Already as wanted: either by our own write, which the ledger has, or by
		// somebody else, and then there is nothing to give back.
		if !ok || value == w.Value {
			continue
		}
		original := value
		if held {
			original = s.Original
		}
		ops = append(ops, Op{Action: Set, Key: w.Key, Have: value, Value: w.Value, Original: original, Why: w.Why})
	}
	for _, s := range saved {
		if value, ok := have[s.Key]; ok && value == s.Ours {
			ops = append(ops, Op{Action: PutBack, Key: s.Key, Have: value, Value: s.Original, Original: s.Original})
		} else {
			ops = append(ops, Op{Action: Leave, Key: s.Key, Have: value, Value: s.Ours, Original: s.Original})
		}
	}
	slices.SortFunc(ops, func(a, b Op) int { return cmp.Compare(a.Key, b.Key) })
	return ops
}

// tidy returns the settings sorted, with dotted keys and normal values, each
// key once. An invalid key is reported and left out. A key that is wanted with
// two values is reported and keeps the first: left out, it would be given back.
func tidy(want []Setting) ([]Setting, error) {
	var errs []error
	byKey := make(map[string]Setting, len(want))
	for _, w := range want {
		key, err := canonical(w.Key)
		if err != nil {
			errs = append(errs, fmt.Errorf("set kernel setting: %w", err))
			continue
		}
		w.Key, w.Value = key, normal(w.Value)
		first, twice := byKey[key]
		switch {
		case !twice:
			byKey[key] = w
		case first.Value != w.Value:
			errs = append(errs, fmt.Errorf("set %s: wanted as %q (%s) and as %q (%s)", key, first.Value, first.Why, w.Value, w.Why))
		case first.Why != w.Why:
			first.Why += "; " + w.Why
			byKey[key] = first
		}
	}
	tidied := slices.SortedFunc(maps.Values(byKey), func(a, b Setting) int { return cmp.Compare(a.Key, b.Key) })
	return tidied, errors.Join(errs...)
}
