package owned

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestManyGoroutinesLoseNoClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owned.json")
	s := mustOpen(t, path)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 20 {
				service := fmt.Sprintf("tcp 192.0.2.%d:%d", n, i)
				address := fmt.Sprintf("192.0.2.%d/32", i)
				if err := s.ClaimService(service); err != nil {
					t.Error(err)
				}
				if err := s.ClaimAddress(address, fmt.Sprintf("eth%d", n)); err != nil {
					t.Error(err)
				}
				s.Services()
				s.Addresses()
				if i%2 == 1 {
					if err := s.ReleaseService(service); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	again := mustOpen(t, path)
	if diff := cmp.Diff(contentOf(s), contentOf(again)); diff != "" {
		t.Errorf("file differs from memory (-memory +file):\n%s", diff)
	}
	if got := len(again.Services()); got != 8*10 {
		t.Errorf("%d services, want 80", got)
	}
	if got := len(again.Addresses()); got != 8*20 {
		t.Errorf("%d addresses, want 160", got)
	}
}

// A reader may keep what it got while others write.
func TestListsAreNotShared(t *testing.T) {
	s := everything(t, filepath.Join(t.TempDir(), "owned.json"))
	list := s.Services()
	list[0] = "mine"
	if got := s.Services()[0]; got != "tcp 192.0.2.1:80" {
		t.Errorf("the ledger holds %q", got)
	}
}

func BenchmarkClaimTenThousandServices(b *testing.B) {
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("tcp 10.%d.%d.1:80", i/256, i%256)
	}
	for b.Loop() {
		s, err := Open(filepath.Join(b.TempDir(), "owned.json"))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.ClaimServices(keys); err != nil {
			b.Fatal(err)
		}
	}
}
