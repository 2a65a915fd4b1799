package config

import (
	"github.com/hashicorp/hcl/v2"
)

// schedulers are the kernel's, the default first.
var schedulers = []string{"wlc", "rr", "wrr", "lc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"}

const (
	defaultWeight = 1
	maxWeight     = 65535 // IP_VS_DEST_ATTR_WEIGHT, as ipvsadm(8) has it
)

func (d *decoder) service(blk *hcl.Block) Service {
	b := d.openBlock(blk, serviceGrammar)
	s := Service{
		Name:       b.label,
		Address:    b.endpoint("address", `"192.168.24.52:80"`),
		Protocol:   b.choice("protocol", ProtocolTCP, ProtocolUDP),
		Scheduler:  b.choice("scheduler", schedulers...),
		Forwarding: b.choice("forwarding", ForwardNAT, ForwardDR),
		OnFailure:  b.choice("on_failure", FailureRemove, FailureQuiesce),
		Require:    b.choice("require", RequireAll, RequireAny),
		Checks:     d.checks(b),
		Src:        b.src,
	}
	for _, blk := range b.blocks["real_server"] {
		s.Servers = append(s.Servers, d.server(blk, s))
	}
	if b.lacks("real_server") {
		d.warnf(b.src.Block, "No real_server", "Without a real_server block every connection to %q is refused.", s.Name)
	}
	return s
}

func (d *decoder) server(blk *hcl.Block, of Service) Server {
	b := d.openBlock(blk, serverGrammar)
	s := Server{
		Name:       b.label,
		Address:    b.endpoint("address", `"192.168.17.102:80"`),
		Forwarding: of.Forwarding,
		Checks:     of.Checks,
		Src:        b.src,
	}
	s.Weight, _ = b.integer("weight", defaultWeight, 0, maxWeight)
	if b.has("forwarding") {
		s.Forwarding = b.choice("forwarding", ForwardNAT, ForwardDR)
	}
	if len(b.blocks["check"]) > 0 {
		s.Checks = d.checks(b)
	}
	return s
}
