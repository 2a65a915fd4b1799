package ipvs

import (
	"cmp"
	"strings"
	"time"
)

// OpKind is what an Op does.
type OpKind uint8

// The kinds of operations, in the order in which Diff puts those of a service.
const (
	AddService    OpKind = iota
	UpdateService        // in place: connections and servers stay, also when the scheduler changes
	AddDest
	UpdateDest // in place: connections stay
	DeleteDest
	DeleteService // with all its servers

	NumOpKinds = iota // how many there are
)

// String gives add_service, update_service, add_server, update_server,
// delete_server or delete_service: labels for metrics.
func (k OpKind) String() string {
	switch k {
	case AddService:
		return "add_service"
	case UpdateService:
		return "update_service"
	case AddDest:
		return "add_server"
	case UpdateDest:
		return "update_server"
	case DeleteDest:
		return "delete_server"
	case DeleteService:
		return "delete_service"
	}
	return "op(" + utoa(uint64(k)) + ")"
}

func (k OpKind) ofDest() bool { return k == AddDest || k == UpdateDest || k == DeleteDest }

// Op is one change of the kernel's table, one request. It is compared with ==.
type Op struct {
	Kind     OpKind
	Key      ServiceKey
	Spec     ServiceSpec // of AddService and UpdateService
	Dest     DestKey     // of the kinds that end in Dest
	DestSpec DestSpec    // of AddDest and UpdateDest
}

// String says the operation in the words of ipvsadm, for example
// "add tcp 192.0.2.1:80 -> 198.51.100.2:80 masq weight 1".
func (o Op) String() string {
	var b strings.Builder
	switch o.Kind {
	case AddService, AddDest:
		b.WriteString("add ")
	case UpdateService, UpdateDest:
		b.WriteString("edit ")
	case DeleteService, DeleteDest:
		b.WriteString("delete ")
	}
	b.WriteString(o.Key.String())
	if o.Kind.ofDest() {
		b.WriteString(" -> " + o.Dest.String())
	}
	switch o.Kind {
	case AddService, UpdateService:
		b.WriteString(" " + o.Spec.String())
	case AddDest, UpdateDest:
		b.WriteString(" " + o.DestSpec.String())
	case DeleteService, DeleteDest:
	}
	return b.String()
}

// String gives, for example, "sh (sh-fallback,sh-port) persistent 300 mask 24".
func (s ServiceSpec) String() string {
	var b strings.Builder
	b.WriteString(s.Scheduler)
	if names := s.schedFlags(); names != "" {
		b.WriteString(" (" + names + ")")
	}
	if s.Flags&FlagPersistent != 0 {
		b.WriteString(" persistent " + utoa(uint64(s.Timeout/time.Second)))
		if s.Netmask != 0 {
			b.WriteString(" mask " + utoa(uint64(s.Netmask)))
		}
	}
	if s.Engine != "" {
		b.WriteString(" pe " + s.Engine)
	}
	if s.Flags&FlagOnePacket != 0 {
		b.WriteString(" ops")
	}
	return b.String()
}

// schedFlags names the scheduler's own flags as ipvsadm does.
func (s ServiceSpec) schedFlags() string {
	names := [3]string{"flag-1", "flag-2", "flag-3"}
	if s.Scheduler == "sh" || s.Scheduler == "mh" {
		names[0], names[1] = s.Scheduler+"-fallback", s.Scheduler+"-port"
	}
	var set []string
	for i, flag := range [3]Flags{FlagSched1, FlagSched2, FlagSched3} {
		if s.Flags&flag != 0 {
			set = append(set, names[i])
		}
	}
	return strings.Join(set, ",")
}

// String gives, for example, "tunnel gue:5555:csum weight 1 upper 100 lower 50".
func (d DestSpec) String() string {
	var b strings.Builder
	b.WriteString(d.Forwarding.String())
	if d.Forwarding == Tunnel {
		b.WriteString(" " + d.Encap.String())
	}
	b.WriteString(" weight " + utoa(uint64(d.Weight)))
	if d.Upper != 0 || d.Lower != 0 {
		b.WriteString(" upper " + utoa(uint64(d.Upper)) + " lower " + utoa(uint64(d.Lower)))
	}
	return b.String()
}

// String gives, for example, "ipip", "gre" or "gue:5555:csum".
func (e Encap) String() string {
	s := e.Type.String()
	if e.Port != 0 {
		s += ":" + utoa(uint64(e.Port))
	}
	if e.Flags&EncapChecksum != 0 {
		s += ":csum"
	}
	if e.Flags&EncapRemoteChecksum != 0 {
		s += ":remcsum"
	}
	return s
}

// compare orders the operations of one service.
func (o Op) compare(p Op) int {
	return cmp.Or(cmp.Compare(o.Kind, p.Kind), o.Dest.Compare(p.Dest))
}
