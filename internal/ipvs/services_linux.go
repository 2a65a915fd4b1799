package ipvs

import (
	"fmt"
	"io"
	"time"

	moby "github.com/moby/ipvs"
	"github.com/sirupsen/logrus"
)

// services writes services through moby/ipvs. Only after the family was found:
// see Open. Servers never go this way, nor does anything that is read.
type services struct {
	handle *moby.Handle
}

func (s *services) apply(op Op) error {
	if err := s.open(); err != nil {
		return err
	}
	svc := mobyService(op.Key, op.Spec)
	handle := s.handle
	// The library takes a receive timeout as a reason to wait again, for ever.
	err := bounded(patience, handle.Close, func() error {
		switch op.Kind {
		case AddService:
			return handle.NewService(svc)
		case UpdateService:
			return handle.UpdateService(svc)
		case DeleteService:
			return handle.DelService(svc)
		case AddDest, UpdateDest, DeleteDest:
		}
		return ErrInvalid
	})
	if err == ErrTimeout {
		s.handle = nil
	}
	return err
}

// open opens the library. The first time it runs modprobe and complains on
// standard error if there is none, although the family was found and nothing
// is missing.
func (s *services) open() error {
	if s.handle != nil {
		return nil
	}
	log := logrus.StandardLogger()
	out := log.Out
	log.SetOutput(io.Discard)
	defer log.SetOutput(out)
	handle, err := moby.New("")
	if err != nil {
		return fmt.Errorf("open moby/ipvs: %w", err)
	}
	s.handle = handle
	return nil
}

// mobyService translates. The netmask is always set: without one the kernel
// refuses an IPv6 service, and for IPv4 takes all clients for one.
func mobyService(k ServiceKey, s ServiceSpec) *moby.Service {
	family := k.AddrFamily()
	svc := &moby.Service{
		AddressFamily: uint16(family),
		FWMark:        k.FWMark,
		SchedName:     s.Scheduler,
		Flags:         uint32(s.Flags),
		Timeout:       uint32(s.Timeout / time.Second),
		Netmask:       kernelNetmask(s, family),
		PEName:        s.Engine,
	}
	if k.FWMark == 0 {
		svc.Protocol = uint16(k.Protocol)
		svc.Address = k.Addr.Addr().AsSlice()
		svc.Port = k.Addr.Port()
	}
	return svc
}
