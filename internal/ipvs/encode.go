package ipvs

import "net/netip"

// appendService adds the attribute that names a service.
func appendService(b []byte, k ServiceKey) []byte {
	return appendNested(b, attrService, func(b []byte) []byte {
		b = appendU16(b, svcFamily, uint16(k.AddrFamily()))
		if k.FWMark != 0 {
			return appendU32(b, svcMark, k.FWMark)
		}
		b = appendU16(b, svcProtocol, uint16(k.Protocol))
		b = appendAttr(b, svcAddr, k.Addr.Addr().AsSlice())
		return appendPort(b, svcPort, k.Addr.Port())
	})
}

// appendDest adds the attribute that names a server, and with spec everything
// about it. All of it is sent each time: what is left out the kernel sets to
// zero, which would turn a gue tunnel into ipip, and a missing family makes it
// read an IPv6 address in an IPv4 service as another one.
func appendDest(b []byte, d DestKey, spec *DestSpec) []byte {
	return appendNested(b, attrDest, func(b []byte) []byte {
		b = appendAttr(b, destAddr, d.Addr().AsSlice())
		b = appendPort(b, destPort, d.Port())
		b = appendU16(b, destFamily, uint16(familyOf(d.Addr())))
		if spec == nil {
			return b
		}
		b = appendU32(b, destForwarding, uint32(spec.Forwarding))
		b = appendU32(b, destWeight, spec.Weight)
		b = appendU32(b, destUpper, spec.Upper)
		b = appendU32(b, destLower, spec.Lower)
		b = appendU8(b, destTunType, uint8(spec.Encap.Type))
		b = appendPort(b, destTunPort, spec.Encap.Port)
		return appendU16(b, destTunFlags, uint16(spec.Encap.Flags))
	})
}

// kernelNetmask gives the netmask attribute as the number that has the
// kernel's bytes in this machine's memory: for IPv4 a mask in network byte
// order, for IPv6 a number of bits.
func kernelNetmask(s ServiceSpec, f Family) uint32 {
	bits := int(s.normal(f).Netmask)
	if f == IPv6 {
		return uint32(bits)
	}
	mask := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked().Addr().As4()
	return native.Uint32(mask[:])
}
