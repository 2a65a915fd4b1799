package ipvs

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"
	"time"
)

// parseService reads one IPVS_CMD_NEW_SERVICE message without its headers.
func parseService(msg []byte) (ServiceKey, Service, error) {
	value, err := findAttr(msg, attrService)
	if err != nil {
		return ServiceKey{}, Service{}, fmt.Errorf("read service: %w", err)
	}
	var p servicePart
	if err := eachAttr(value, p.take); err != nil {
		return ServiceKey{}, Service{}, fmt.Errorf("read service: %w", err)
	}
	key, svc, err := p.finish()
	if err != nil {
		return ServiceKey{}, Service{}, fmt.Errorf("read service: %w", err)
	}
	return key, svc, nil
}

// servicePart collects the attributes of a service: what they mean depends on
// the family, and they may come in any order.
type servicePart struct {
	family   Family
	protocol uint64
	addr     []byte
	port     uint16
	mark     uint32
	netmask  []byte
	spec     ServiceSpec
	stats    Stats
	stats64  bool
}

func (p *servicePart) take(typ uint16, v []byte) (err error) {
	var n uint64
	switch typ {
	case svcFamily:
		n, err = uintOf(v, 2)
		p.family = Family(min(n, 255))
		if err == nil && p.family.bits() == 0 {
			err = fmt.Errorf("family %d", n)
		}
	case svcProtocol:
		p.protocol, err = uintOf(v, 2)
	case svcAddr:
		p.addr = v
	case svcPort:
		p.port, err = portOf(v)
	case svcMark:
		n, err = uintOf(v, 4)
		p.mark = uint32(n)
	case svcScheduler:
		p.spec.Scheduler = textOf(v)
	case svcEngine:
		p.spec.Engine = textOf(v)
	case svcFlags:
		if len(v) != 8 { // flags and the mask of those that count
			return fmt.Errorf("flags of %d bytes", len(v))
		}
		p.spec.Flags = Flags(native.Uint32(v)) &^ flagHashed
	case svcTimeout:
		n, err = uintOf(v, 4)
		p.spec.Timeout = time.Duration(n) * time.Second
	case svcNetmask:
		p.netmask = v
	case svcStats:
		if !p.stats64 {
			p.stats, err = parseStats(v, 4)
		}
	case svcStats64:
		p.stats64 = true
		p.stats, err = parseStats(v, 8)
	}
	if err != nil {
		return fmt.Errorf("attribute %d: %w", typ, err)
	}
	return nil
}

func (p *servicePart) finish() (ServiceKey, Service, error) {
	var key ServiceKey
	if p.mark != 0 {
		key = ServiceKey{FWMark: p.mark, Family: p.family}
	} else {
		addr, err := addrOf(p.addr, p.family)
		if err != nil {
			return key, Service{}, err
		}
		key = ServiceKey{Protocol: Protocol(p.protocol), Addr: netip.AddrPortFrom(addr, p.port)}
	}
	if p.protocol > 255 || (p.mark != 0 && p.family == 0) {
		return key, Service{}, fmt.Errorf("protocol %d, mark %d, family %d", p.protocol, p.mark, p.family)
	}
	netmask, err := netmaskOf(p.netmask, p.family)
	if err != nil {
		return key, Service{}, err
	}
	p.spec.Netmask = netmask
	return key, Service{Spec: p.spec, Stats: p.stats}, nil
}

// netmaskOf gives the bits of a netmask as the kernel keeps it.
func netmaskOf(v []byte, f Family) (uint8, error) {
	if len(v) != 4 {
		return 0, fmt.Errorf("netmask of %d bytes", len(v))
	}
	if f == IPv6 {
		return uint8(min(native.Uint32(v), NetmaskOther)), nil
	}
	mask := binary.BigEndian.Uint32(v)
	ones := bits.LeadingZeros32(^mask)
	if ones == 0 || mask<<ones != 0 {
		return NetmaskOther, nil
	}
	return uint8(ones), nil
}

// parseDest reads one IPVS_CMD_NEW_DEST message without its headers.
func parseDest(msg []byte) (DestKey, DestSpec, Counters, error) {
	value, err := findAttr(msg, attrDest)
	if err != nil {
		return DestKey{}, DestSpec{}, Counters{}, fmt.Errorf("read server: %w", err)
	}
	var p destPart
	if err := eachAttr(value, p.take); err != nil {
		return DestKey{}, DestSpec{}, Counters{}, fmt.Errorf("read server: %w", err)
	}
	addr, err := addrOf(p.addr, p.family)
	if err != nil {
		return DestKey{}, DestSpec{}, Counters{}, fmt.Errorf("read server: %w", err)
	}
	return netip.AddrPortFrom(addr, p.port), p.spec, p.count, nil
}

type destPart struct {
	family  Family
	addr    []byte
	port    uint16
	spec    DestSpec
	count   Counters
	stats64 bool
}

func (p *destPart) take(typ uint16, v []byte) (err error) {
	var n uint64
	switch typ {
	case destAddr:
		p.addr = v
	case destPort:
		p.port, err = portOf(v)
	case destFamily:
		n, err = uintOf(v, 2)
		p.family = Family(min(n, 255))
	case destForwarding:
		n, err = uintOf(v, 4)
		p.spec.Forwarding = Forwarding(n & forwardingMask)
	case destWeight:
		p.spec.Weight, err = u32Of(v)
	case destUpper:
		p.spec.Upper, err = u32Of(v)
	case destLower:
		p.spec.Lower, err = u32Of(v)
	case destActive:
		p.count.Active, err = u32Of(v)
	case destInactive:
		p.count.Inactive, err = u32Of(v)
	case destPersistent:
		p.count.Persistent, err = u32Of(v)
	case destTunType:
		n, err = uintOf(v, 1)
		p.spec.Encap.Type = EncapType(n)
	case destTunPort:
		p.spec.Encap.Port, err = portOf(v)
	case destTunFlags:
		n, err = uintOf(v, 2)
		p.spec.Encap.Flags = EncapFlags(n)
	case destStats:
		if !p.stats64 {
			p.count.Stats, err = parseStats(v, 4)
		}
	case destStats64:
		p.stats64 = true
		p.count.Stats, err = parseStats(v, 8)
	}
	if err != nil {
		return fmt.Errorf("attribute %d: %w", typ, err)
	}
	return nil
}

// parseStats reads the totals. In the 32-bit form (size 4) bytes have 64 bits
// nevertheless; it is only there for kernels before 4.1.
func parseStats(b []byte, size int) (s Stats, err error) {
	err = eachAttr(b, func(typ uint16, v []byte) (err error) {
		switch typ {
		case statsConnections:
			s.Connections, err = uintOf(v, size)
		case statsPacketsIn:
			s.PacketsIn, err = uintOf(v, size)
		case statsPacketsOut:
			s.PacketsOut, err = uintOf(v, size)
		case statsBytesIn:
			s.BytesIn, err = uintOf(v, 8)
		case statsBytesOut:
			s.BytesOut, err = uintOf(v, 8)
		}
		return err
	})
	return s, err
}

// addrOf reads an address: the kernel sends 16 bytes for both families, of
// which IPv4 fills the first four, so the family must be known.
func addrOf(v []byte, f Family) (netip.Addr, error) {
	switch {
	case f == IPv4 && len(v) >= 4:
		return netip.AddrFrom4([4]byte(v)), nil
	case f == IPv6 && len(v) == 16:
		return netip.AddrFrom16([16]byte(v)), nil
	}
	return netip.Addr{}, fmt.Errorf("address of %d bytes in family %d", len(v), uint8(f))
}

func u32Of(v []byte) (uint32, error) {
	n, err := uintOf(v, 4)
	return uint32(n), err
}

// textOf reads a string up to its terminating zero.
func textOf(v []byte) string {
	s, _, _ := strings.Cut(string(v), "\x00")
	return s
}
