package ipvstest

import (
	"slices"
	"sync"
)

// Ledger is an ipvs.Ledger in memory.
type Ledger struct {
	mu   sync.Mutex
	keys []string
	fail error
}

// NewLedger gives a ledger that has these services already, as from an earlier
// life.
func NewLedger(keys ...string) *Ledger { return &Ledger{keys: slices.Clone(keys)} }

// Fail makes every claim and release fail with err; nil ends it.
func (l *Ledger) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// ClaimService implements ipvs.Ledger.
func (l *Ledger) ClaimService(key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail == nil && !slices.Contains(l.keys, key) {
		l.keys = append(l.keys, key)
	}
	return l.fail
}

// ReleaseService implements ipvs.Ledger.
func (l *Ledger) ReleaseService(key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail == nil {
		l.keys = slices.DeleteFunc(l.keys, func(k string) bool { return k == key })
	}
	return l.fail
}

// Services implements ipvs.Ledger, sorted.
func (l *Ledger) Services() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys := slices.Clone(l.keys)
	slices.Sort(keys)
	return keys
}
