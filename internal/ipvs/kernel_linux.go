package ipvs

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// kernel is the real thing, in the network namespace of the thread that opened
// it: services are written by moby/ipvs, all else goes through our own socket.
type kernel struct {
	family   uint16
	socket   *socket
	services *services
}

// Open gives the kernel's table in the current network namespace. The errors
// are ErrNoIPVS and ErrPermission, and what opening a socket can say.
//
// The family is asked for first: without it moby/ipvs gives no error at all,
// neither when it is opened nor when it writes.
func Open() (Kernel, error) {
	family, err := findFamily()
	if err != nil {
		return nil, fmt.Errorf("open ipvs: %w", err)
	}
	k := &kernel{family: family, socket: &socket{family: family}, services: &services{}}
	// Both sockets now: later another thread may run us, in another namespace.
	if err := errors.Join(k.socket.open(), k.services.open()); err != nil {
		return nil, fmt.Errorf("open ipvs: %w", err)
	}
	// Finding a family needs no privilege, everything else does.
	err = k.socket.request(cmdGetInfo, 0, nil, func([]byte) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("open ipvs: %w", translate(err))
	}
	return k, nil
}

func findFamily() (uint16, error) {
	family, err := netlink.GenlFamilyGet(familyName)
	if errors.Is(err, unix.ENOENT) {
		return 0, ErrNoIPVS
	}
	if err != nil {
		return 0, fmt.Errorf("find generic-netlink family %s: %w", familyName, err)
	}
	return family.ID, nil
}

func (k *kernel) List() (Table, error) {
	table := Table{}
	err := k.socket.request(cmdGetService, unix.NLM_F_DUMP, nil, func(msg []byte) error {
		key, svc, err := parseService(msg)
		table[key] = svc
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list services: %w", k.explain(err))
	}
	for key, svc := range table {
		if err := k.readDests(key, &svc); err != nil {
			return nil, err
		}
		table[key] = svc
	}
	return table, nil
}

func (k *kernel) Get(key ServiceKey) (Service, error) {
	if err := key.check(); err != nil {
		return Service{}, fmt.Errorf("get %s: %w", key, err)
	}
	var svc Service
	err := k.socket.request(cmdGetService, 0, appendService(nil, key), func(msg []byte) error {
		_, got, err := parseService(msg)
		svc = got
		return err
	})
	if err != nil {
		return Service{}, fmt.Errorf("get %s: %w", key, k.explain(err))
	}
	return svc, k.readDests(key, &svc)
}

// readDests dumps the servers of a service. Of one that is not there the
// kernel says nothing but that it has no servers.
func (k *kernel) readDests(key ServiceKey, svc *Service) error {
	svc.Dests, svc.Counters = map[netip.AddrPort]DestSpec{}, map[netip.AddrPort]Counters{}
	err := k.socket.request(cmdGetDest, unix.NLM_F_DUMP, appendService(nil, key), func(msg []byte) error {
		dest, spec, count, err := parseDest(msg)
		svc.Dests[dest], svc.Counters[dest] = spec, count
		return err
	})
	if err != nil {
		return fmt.Errorf("list servers of %s: %w", key, k.explain(err))
	}
	return nil
}

func (k *kernel) Apply(op Op) error {
	if err := op.Check(); err != nil {
		return err
	}
	var err error
	if op.Kind.ofDest() {
		err = k.applyDest(op)
	} else {
		err = k.services.apply(op)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, k.explainOp(op, err))
	}
	return nil
}

func (k *kernel) applyDest(op Op) error {
	body := appendService(nil, op.Key)
	var cmd uint8
	switch op.Kind {
	case AddDest:
		cmd, body = cmdNewDest, appendDest(body, op.Dest, &op.DestSpec)
	case UpdateDest:
		cmd, body = cmdSetDest, appendDest(body, op.Dest, &op.DestSpec)
	case DeleteDest:
		cmd, body = cmdDelDest, appendDest(body, op.Dest, nil)
	case AddService, UpdateService, DeleteService:
		return ErrInvalid
	}
	return k.socket.request(cmd, unix.NLM_F_ACK, body, nil)
}
