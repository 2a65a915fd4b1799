package arp

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/mdlayher/arp"
	"github.com/mdlayher/ethernet"
)

// arpFrames returns gratuitous ARP in both forms: addr is sender and target.
func arpFrames(addr netip.Addr, mac net.HardwareAddr) ([]Frame, error) {
	forms := []struct {
		kind   Kind
		op     arp.Operation
		target net.HardwareAddr
	}{
		// RFC 5227: what is asked for is not known, so zero.
		{Request, arp.OperationRequest, make(net.HardwareAddr, 6)},
		// Linux takes a reply for gratuitous, and so exempt from the locktime, only
		// if its target hardware address is the sender's.
		{Reply, arp.OperationReply, mac},
	}
	frames := make([]Frame, 0, len(forms))
	for _, form := range forms {
		b, err := arpFrame(form.op, addr, mac, form.target)
		if err != nil {
			return nil, fmt.Errorf("build ARP %s for %s: %w", form.kind, addr, err)
		}
		frames = append(frames, Frame{form.kind, b})
	}
	return frames, nil
}

// arpFrame returns a broadcast frame with addr as the packet's sender and target.
func arpFrame(op arp.Operation, addr netip.Addr, mac, target net.HardwareAddr) ([]byte, error) {
	packet, err := arp.NewPacket(op, mac, addr, target, addr)
	if err != nil {
		return nil, err
	}
	payload, err := packet.MarshalBinary()
	if err != nil {
		return nil, err
	}
	frame := ethernet.Frame{
		Destination: ethernet.Broadcast,
		Source:      mac,
		EtherType:   ethernet.EtherTypeARP,
		Payload:     payload,
	}
	return frame.MarshalBinary()
}
