package viptest

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// Ledger is a vip.Ledger in memory. The zero value is empty and works.
type Ledger struct {
	mu     sync.Mutex
	claims map[[2]string]bool
	fail   error
	writes int
}

// FailWith makes each write fail with err, as on a full disk; nil mends it.
func (l *Ledger) FailWith(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// Writes counts the writes that were made or refused.
func (l *Ledger) Writes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writes
}

// ClaimAddresses implements vip.Ledger.
func (l *Ledger) ClaimAddresses(list [][2]string) error {
	return l.write(list, func(claim [2]string) { l.claims[claim] = true })
}

// ReleaseAddresses implements vip.Ledger.
func (l *Ledger) ReleaseAddresses(list [][2]string) error {
	return l.write(list, func(claim [2]string) { delete(l.claims, claim) })
}

func (l *Ledger) write(list [][2]string, each func([2]string)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes++
	if l.fail != nil {
		return l.fail
	}
	if l.claims == nil {
		l.claims = map[[2]string]bool{}
	}
	for _, claim := range list {
		each(claim)
	}
	return nil
}

// Addresses implements vip.Ledger; sorted.
func (l *Ledger) Addresses() [][2]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Keys(l.claims), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}
