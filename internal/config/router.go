package config

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// The ranges and defaults of a vrrp block.
const (
	centisecond = 10 * time.Millisecond

	defaultInterval = time.Second
	minInterval     = centisecond
	maxInterval     = 4095 * centisecond // 12 bits of centiseconds, RFC 9568 section 5.2.7

	autoLeaseIntervals = 4
	minAutoLease       = 2 * time.Second
	maxLease           = 24 * time.Hour

	defaultAnnounceCount    = 5
	defaultAnnounceInterval = 1100 * time.Millisecond
	defaultRefresh          = time.Minute

	// maxAddresses fits the one byte that counts them, RFC 9568 section 5.2.5.
	maxAddresses = 255
)

func (d *decoder) router(cfg *Config, blk *hcl.Block) Router {
	b := d.openBlock(blk, routerGrammar)
	d.routersBroken = d.routersBroken || b.broken || b.meant["virtual_address"]
	r := Router{Name: b.label, Src: b.src}
	if b.need("virtual_router_id", "51") {
		vrid, _ := b.integer("virtual_router_id", 0, 1, 255)
		r.VRID = uint8(vrid)
	}
	if b.need("interface", `"eth0"`) {
		r.Interface = b.link("interface", "")
	}
	r.Priority = d.routerPriority(cfg, b)
	b.version()
	r.Interval = b.advertisementInterval()
	r.Checksum = b.choice("checksum", ChecksumRFC9568, ChecksumPseudoHeader)
	r.Preempt = b.boolean("preempt", true)
	r.Lease = b.lease(r.Interval)
	for _, blk := range b.blocks["virtual_address"] {
		r.Addresses = append(r.Addresses, d.virtualAddress(blk, r.Interface))
	}
	r.Announce = d.announce(b)
	switch n := len(r.Addresses); {
	case b.lacks("virtual_address"):
		d.errorf(b.src.Block, "Missing virtual_address",
			`A vrrp block needs an address to move, for example virtual_address "192.168.24.52/24" {}.`)
	case n > maxAddresses:
		d.errorf(b.src.Block, "Too many addresses", "There are %d; an advertisement counts at most %d.", n, maxAddresses)
	}
	return r
}

// routerPriority is the block's, else the director's, else the RFC's default; 0 if it
// cannot be known.
func (d *decoder) routerPriority(cfg *Config, b *block) uint8 {
	def := defaultPriority
	switch d.self {
	case selfKnown:
		def = int(cfg.Self.Priority)
	case selfUnknown:
		def = 0
	}
	priority, _ := b.integer("priority", def, 1, 255)
	return uint8(priority)
}

// version takes the one version that there is.
func (b *block) version() {
	if version, ok := b.integer("version", 3, 1, 255); ok && version != 3 {
		b.mistake("version", "Version %d is not spoken by this version of lbha; it must be 3 (RFC 9568).", version)
	}
}

func (b *block) advertisementInterval() time.Duration {
	const name = "advertisement_interval"
	interval := b.duration(name, defaultInterval, minInterval, maxInterval, "")
	if over := interval % centisecond; over != 0 {
		b.mistake(name, "%s is not a whole number of hundredths of a second, in which VRRP counts; write %q or %q.",
			interval, short(interval-over), short(interval-over+centisecond))
		return 0
	}
	return interval
}

// lease resolves "auto" and "off". The kernel counts the lifetime of an address in
// whole seconds, and a lease that ends before the next advertisement would be lost
// in ordinary work.
func (b *block) lease(interval time.Duration) time.Duration {
	text, ok := b.durationText("lease")
	switch {
	case !ok || text == "off":
		return 0
	case text == "" || text == "auto":
		return autoLease(interval)
	}
	if _, err := time.ParseDuration(text); err != nil {
		b.mistake("lease", `%q is not known; it must be "auto", "off" or a duration such as "4s".`, text)
		return 0
	}
	lease := b.parseDuration("lease", text, time.Second, maxLease, "")
	if over := lease % time.Second; over != 0 {
		b.mistake("lease", "%s is not a whole number of seconds, in which the kernel counts the lifetime of an address; write %q.",
			lease, short(lease-over+time.Second))
		return 0
	}
	if lease != 0 && interval != 0 && lease <= interval {
		b.mistake("lease", "%s is not longer than the advertisement_interval of %s; \"auto\" would be %s.",
			short(lease), short(interval), short(autoLease(interval)))
		return 0
	}
	return lease
}

// autoLease is four intervals, rounded up to whole seconds, and at least two seconds.
func autoLease(interval time.Duration) time.Duration {
	lease := autoLeaseIntervals * interval
	lease = (lease + time.Second - 1).Truncate(time.Second)
	return max(lease, minAutoLease)
}

// virtualAddress takes one address. The label is the address, unless the block says
// address; then it is a name.
func (d *decoder) virtualAddress(blk *hcl.Block, link string) VirtualAddress {
	b := d.openBlock(blk, virtualAddressGrammar)
	va := VirtualAddress{Name: b.label, Interface: b.link("interface", link), Src: b.src}
	if b.has("address") {
		if why := badName(b.label); why != "" {
			d.errorf(b.src.Label, "Invalid virtual_address name", "%s", why)
		}
		if text, ok := b.text("address", ""); ok {
			prefix, why := parseVirtual(text)
			if why != "" {
				b.mistake("address", "%s", why)
			}
			va.Prefix = prefix
		}
		return va
	}
	prefix, why := parseVirtual(b.label)
	if why != "" && !b.meant["address"] {
		d.errorf(b.src.Label, "Invalid virtual_address", "%s", why)
	}
	va.Prefix = prefix
	return va
}

func (d *decoder) announce(b *block) Announce {
	a := Announce{Count: defaultAnnounceCount, Interval: defaultAnnounceInterval, Refresh: defaultRefresh}
	blk := b.one("announce")
	if blk == nil {
		return a
	}
	in := d.openBlock(blk, announceGrammar)
	a.Count, _ = in.integer("count", defaultAnnounceCount, 1, 100)
	a.Interval = in.duration("interval", defaultAnnounceInterval, 10*time.Millisecond, time.Minute, "")
	a.Refresh = in.duration("refresh", defaultRefresh, time.Second, 24*time.Hour, "never")
	return a
}
