package ipvstest

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lbha/lbha/internal/ipvs"
)

// Text prints a table as "ipvsadm -Sn" does, a line for each service followed
// by one for each of its servers; sorted, and without the rules that ipvsadm
// leaves out too (thresholds).
func Text(t ipvs.Table) string {
	var b strings.Builder
	for _, key := range slices.SortedFunc(maps.Keys(t), ipvs.ServiceKey.Compare) {
		svc := t[key]
		fmt.Fprintf(&b, "-A %s %s\n", serviceOption(key), serviceText(key, svc.Spec))
		for _, dest := range slices.SortedFunc(maps.Keys(svc.Dests), netip.AddrPort.Compare) {
			fmt.Fprintf(&b, "-a %s -r %s %s\n", serviceOption(key), dest, destText(svc.Dests[dest]))
		}
	}
	return b.String()
}

func serviceOption(k ipvs.ServiceKey) string {
	switch {
	case k.FWMark != 0 && k.Family == ipvs.IPv6:
		return fmt.Sprintf("-f %d -6", k.FWMark)
	case k.FWMark != 0:
		return fmt.Sprintf("-f %d", k.FWMark)
	case k.Protocol == ipvs.UDP:
		return "-u " + k.Addr.String()
	case k.Protocol == ipvs.SCTP:
		return "--sctp-service " + k.Addr.String()
	}
	return "-t " + k.Addr.String()
}

func serviceText(k ipvs.ServiceKey, s ipvs.ServiceSpec) string {
	var b strings.Builder
	b.WriteString("-s " + s.Scheduler)
	if s.Flags&ipvs.FlagPersistent != 0 {
		fmt.Fprintf(&b, " -p %d", s.Timeout/time.Second)
		if mask := s.Netmask; mask != 0 && mask != wholeAddress(k) {
			b.WriteString(" -M " + maskText(k, mask))
		}
	}
	if s.Engine != "" {
		b.WriteString(" --pe " + s.Engine)
	}
	if s.Flags&ipvs.FlagOnePacket != 0 {
		b.WriteString(" -o")
	}
	if names := flagNames(s); names != "" {
		b.WriteString(" -b " + names)
	}
	return b.String()
}

func maskText(k ipvs.ServiceKey, bits uint8) string {
	if k.AddrFamily() == ipvs.IPv6 {
		return fmt.Sprint(bits)
	}
	return net.IP(net.CIDRMask(int(bits), 32)).String()
}

func wholeAddress(k ipvs.ServiceKey) uint8 {
	if k.AddrFamily() == ipvs.IPv6 {
		return 128
	}
	return 32
}

func flagNames(s ipvs.ServiceSpec) string {
	names := []string{"flag-1", "flag-2", "flag-3"}
	if s.Scheduler == "sh" || s.Scheduler == "mh" {
		names[0], names[1] = s.Scheduler+"-fallback", s.Scheduler+"-port"
	}
	var set []string
	for i, flag := range []ipvs.Flags{ipvs.FlagSched1, ipvs.FlagSched2, ipvs.FlagSched3} {
		if s.Flags&flag != 0 {
			set = append(set, names[i])
		}
	}
	return strings.Join(set, ",")
}

func destText(d ipvs.DestSpec) string {
	switch d.Forwarding {
	case ipvs.Masquerade:
		return fmt.Sprintf("-m -w %d", d.Weight)
	case ipvs.Tunnel:
		return fmt.Sprintf("-i -w %d --tun-type %s%s", d.Weight, d.Encap.Type, encapText(d.Encap))
	case ipvs.Direct, ipvs.LocalNode, ipvs.Bypass:
	}
	return fmt.Sprintf("-g -w %d", d.Weight)
}

func encapText(e ipvs.Encap) string {
	if e.Type == ipvs.IPIP {
		return ""
	}
	port := ""
	if e.Type == ipvs.GUE {
		port = fmt.Sprintf(" --tun-port %d", e.Port)
	}
	switch {
	case e.Flags&ipvs.EncapChecksum != 0:
		return port + " --tun-csum"
	case e.Flags&ipvs.EncapRemoteChecksum != 0:
		return port + " --tun-remcsum"
	}
	return port + " --tun-nocsum"
}
