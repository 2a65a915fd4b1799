// Package ipvstest has a fake IPVS kernel for tests: as strict as the real one
// (the same table of operations and errors is run against both), able to fail
// on demand, and printing itself as ipvsadm does.
package ipvstest

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/lbha/lbha/internal/ipvs"
)

// Kernel is a fake ipvs.Kernel. Unlike the real one it may be used from any
// goroutine, so that a test can look at it, or play another program that
// changes the table, while a reconciler runs.
type Kernel struct {
	mu           sync.Mutex
	table        ipvs.Table
	lacking      []string
	loopbackDown bool
	failOp       func(ipvs.Op) error
	failRead     func(ipvs.ServiceKey) error
	skip         map[netip.AddrPort]int
	applied      []ipvs.Op
	gets         []ipvs.ServiceKey
}

var _ ipvs.Kernel = (*Kernel)(nil)

// NewKernel gives an empty table with every scheduler.
func NewKernel() *Kernel { return &Kernel{table: ipvs.Table{}} }

// LackSchedulers takes these schedulers and persistence engines away.
func (k *Kernel) LackSchedulers(names ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lacking = names
}

// LoopbackDown makes it a namespace in which lo was never up, or a usual one.
func (k *Kernel) LoopbackDown(down bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.loopbackDown = down
}

// FailOps makes each operation for which f gives an error fail with it. f may
// block, as a kernel that does not answer. nil ends it.
func (k *Kernel) FailOps(f func(ipvs.Op) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failOp = f
}

// FailReads does the same for Get, and for List with the zero key.
func (k *Kernel) FailReads(f func(ipvs.ServiceKey) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failRead = f
}

// Skip leaves a server out of the next n reads, as a dump does that another
// program's change shifted.
func (k *Kernel) Skip(dest netip.AddrPort, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.skip == nil {
		k.skip = map[netip.AddrPort]int{}
	}
	k.skip[dest] = n
}

// Edit changes the table behind everyone's back.
func (k *Kernel) Edit(f func(ipvs.Table)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	table := Clone(k.table)
	f(table)
	k.table = Clone(table)
}

// Applied gives the operations that succeeded since the last call.
func (k *Kernel) Applied() []ipvs.Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	ops := k.applied
	k.applied = nil
	return ops
}

// Gets gives the services that were read one by one since the last call.
func (k *Kernel) Gets() []ipvs.ServiceKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	gets := k.gets
	k.gets = nil
	return gets
}

// String prints the table as Text does.
func (k *Kernel) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Text(k.table)
}

// List implements ipvs.Kernel.
func (k *Kernel) List() (ipvs.Table, error) {
	if err := k.readFault(ipvs.ServiceKey{}); err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return Clone(k.table), nil
}

// Get implements ipvs.Kernel.
func (k *Kernel) Get(key ipvs.ServiceKey) (ipvs.Service, error) {
	if err := k.readFault(key); err != nil {
		return ipvs.Service{}, fmt.Errorf("get %s: %w", key, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gets = append(k.gets, key)
	svc, ok := k.table[key]
	if !ok {
		return ipvs.Service{}, fmt.Errorf("get %s: %w", key, ipvs.ErrNotFound)
	}
	svc = clone(svc)
	for dest, n := range k.skip {
		if _, ok := svc.Dests[dest]; ok && n > 0 {
			k.skip[dest]--
			delete(svc.Dests, dest)
			delete(svc.Counters, dest)
		}
	}
	return svc, nil
}

func (k *Kernel) readFault(key ipvs.ServiceKey) error {
	k.mu.Lock()
	f := k.failRead
	k.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(key)
}

// Apply implements ipvs.Kernel.
func (k *Kernel) Apply(op ipvs.Op) error {
	if err := op.Check(); err != nil {
		return err
	}
	k.mu.Lock()
	f := k.failOp
	k.mu.Unlock()
	if f != nil {
		if err := f(op); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.apply(op); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	k.applied = append(k.applied, op)
	return nil
}

// apply follows ip_vs_genl_set_cmd: first whether the service is there, then
// what the command itself finds wrong.
func (k *Kernel) apply(op ipvs.Op) error {
	svc, ok := k.table[op.Key]
	if !ok && op.Kind != ipvs.AddService {
		return ipvs.ErrNotFound
	}
	_, known := svc.Dests[op.Dest]
	switch op.Kind {
	case ipvs.AddService, ipvs.UpdateService:
		if ok && op.Kind == ipvs.AddService {
			return ipvs.ErrExists
		}
		if err := k.setSpec(&svc, op); err != nil {
			return err
		}
	case ipvs.AddDest:
		if known {
			return ipvs.ErrExists
		}
		if k.loopbackDown {
			return ipvs.ErrLoopback
		}
		svc.Dests[op.Dest] = op.DestSpec
		svc.Counters[op.Dest] = ipvs.Counters{}
	case ipvs.UpdateDest, ipvs.DeleteDest:
		if !known {
			return ipvs.ErrNotFound
		}
		if op.Kind == ipvs.UpdateDest {
			svc.Dests[op.Dest] = op.DestSpec
		} else {
			delete(svc.Dests, op.Dest)
			delete(svc.Counters, op.Dest)
		}
	case ipvs.DeleteService:
		delete(k.table, op.Key)
		return nil
	}
	k.table[op.Key] = svc
	return nil
}

func (k *Kernel) setSpec(svc *ipvs.Service, op ipvs.Op) error {
	if slices.Contains(k.lacking, op.Spec.Scheduler) ||
		op.Spec.Engine != "" && slices.Contains(k.lacking, op.Spec.Engine) {
		return ipvs.ErrScheduler{Name: op.Spec.Scheduler, Engine: op.Spec.Engine}
	}
	if svc.Dests == nil {
		svc.Dests, svc.Counters = map[netip.AddrPort]ipvs.DestSpec{}, map[netip.AddrPort]ipvs.Counters{}
	}
	svc.Spec = op.Spec
	if svc.Spec.Netmask == 0 {
		svc.Spec.Netmask = wholeAddress(op.Key)
	}
	return nil
}

// Clone copies a table, so that neither sees changes of the other.
func Clone(t ipvs.Table) ipvs.Table {
	c := ipvs.Table{}
	for key, svc := range t {
		c[key] = clone(svc)
	}
	return c
}

func clone(s ipvs.Service) ipvs.Service {
	dests, counters := maps.Clone(s.Dests), map[netip.AddrPort]ipvs.Counters{}
	if dests == nil {
		dests = map[netip.AddrPort]ipvs.DestSpec{}
	}
	for dest := range dests {
		counters[dest] = s.Counters[dest]
	}
	s.Dests, s.Counters = dests, counters
	return s
}
