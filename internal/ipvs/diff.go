package ipvs

import (
	"maps"
	"slices"
)

// Diff gives the operations that turn have into want, in the order in which
// they are to be applied: what is added or changed by service (the service
// before its servers), then servers to delete, then services to delete. A
// server that is in both is changed in place, and so is a service, also when
// its scheduler is another one; neither loses a connection. A service under
// another key is another service: it is added before the old one is deleted.
// The table is never flushed. Equal tables give nothing.
func Diff(have, want Table) []Op {
	var ops, deletes []Op
	for _, key := range sortedKeys(want) {
		w := want[key]
		h, ok := have[key]
		family := key.AddrFamily()
		switch {
		case !ok:
			ops = append(ops, Op{Kind: AddService, Key: key, Spec: w.Spec})
		case h.Spec.normal(family) != w.Spec.normal(family):
			ops = append(ops, Op{Kind: UpdateService, Key: key, Spec: w.Spec})
		}
		ops = appendDests(ops, key, h, w)
		deletes = appendGone(deletes, key, h, w)
	}
	for _, key := range sortedKeys(have) {
		if _, ok := want[key]; !ok {
			deletes = append(deletes, Op{Kind: DeleteService, Key: key})
		}
	}
	return append(ops, deletes...)
}

// appendDests adds the servers that are new or changed.
func appendDests(ops []Op, key ServiceKey, have, want Service) []Op {
	n := len(ops)
	for dest, w := range want.Dests {
		h, ok := have.Dests[dest]
		switch {
		case !ok:
			ops = append(ops, Op{Kind: AddDest, Key: key, Dest: dest, DestSpec: w})
		case h != w:
			ops = append(ops, Op{Kind: UpdateDest, Key: key, Dest: dest, DestSpec: w})
		}
	}
	slices.SortFunc(ops[n:], Op.compare)
	return ops
}

// appendGone adds the deletes of servers that are no longer wanted.
func appendGone(ops []Op, key ServiceKey, have, want Service) []Op {
	n := len(ops)
	for dest := range have.Dests {
		if _, ok := want.Dests[dest]; !ok {
			ops = append(ops, Op{Kind: DeleteDest, Key: key, Dest: dest})
		}
	}
	slices.SortFunc(ops[n:], Op.compare)
	return ops
}

func sortedKeys(t Table) []ServiceKey {
	return slices.SortedFunc(maps.Keys(t), ServiceKey.Compare)
}
