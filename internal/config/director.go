package config

import (
	"net/netip"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// defaultPriority is that of RFC 9568 section 5.2.4, for a director block without a
// priority and for a router in a file without directors.
const defaultPriority = 100

// directors takes the director blocks. It returns, for each, the value of self on
// that machine; what is wrong in a block is unknown in it.
func (d *decoder) directors(cfg *Config, blocks hcl.Blocks) []cty.Value {
	var selves []cty.Value
	for _, blk := range blocks {
		director, self := d.director(blk)
		cfg.Directors = append(cfg.Directors, director)
		selves = append(selves, self)
	}
	return selves
}

func (d *decoder) director(blk *hcl.Block) (Director, cty.Value) {
	b := d.openBlock(blk, directorGrammar)
	addresses, ok := b.directorAddresses()
	priority, priorityOK := b.integer("priority", defaultPriority, 1, 255)
	vars, varsOK := b.vars()

	self := map[string]cty.Value{
		"name":      cty.StringVal(b.label),
		"address":   cty.UnknownVal(cty.String),
		"addresses": cty.UnknownVal(cty.List(cty.String)),
		"priority":  cty.UnknownVal(cty.Number),
		"vars":      cty.DynamicVal,
	}
	if ok {
		var texts []cty.Value
		for _, addr := range addresses {
			texts = append(texts, cty.StringVal(addr.String()))
		}
		self["address"], self["addresses"] = texts[0], cty.ListVal(texts)
	}
	if priorityOK {
		self["priority"] = cty.NumberIntVal(int64(priority))
	}
	if varsOK {
		self["vars"] = vars
	}
	return Director{
		Name: b.label, Addresses: addresses, Priority: uint8(priority), Vars: vars, Src: b.src,
	}, cty.ObjectVal(self)
}

// directorAddresses takes address, or addresses with at most one per family.
func (b *block) directorAddresses() (addresses []netip.Addr, ok bool) {
	switch {
	case b.has("address") && b.has("addresses"):
		b.mistake("addresses", "address is set, too; write one of them: address is one text, addresses a list.")
		return nil, false
	case b.has("address"):
		addr := b.host("address")
		return []netip.Addr{addr}, addr.IsValid()
	case b.meant["addresses"] || !b.has("addresses") && !b.need("address", `"192.168.17.103"`):
		return nil, false
	}
	v, state := b.value("addresses")
	if state == wrong {
		return nil, false
	}
	texts, isList := []string(nil), false
	if state == fine {
		texts, isList = textList(v)
	}
	if !isList || len(texts) == 0 {
		b.mistake("addresses", `A list of one or two texts is wanted here, such as ["192.168.17.103", "2001:db8::103"].`)
		return nil, false
	}
	seen := map[string]netip.Addr{}
	for _, text := range texts {
		addr, why := parseHost(text)
		if why != "" {
			b.mistake("addresses", "%s", why)
			return nil, false
		}
		family := familyOf(addr)
		if first, ok := seen[family]; ok {
			b.mistake("addresses", "%s and %s are both %s; one per family is taken.", first, addr, family)
			return nil, false
		}
		seen[family] = addr
		addresses = append(addresses, addr)
	}
	return addresses, true
}

// vars takes the free values. An absent one is an empty object.
func (b *block) vars() (cty.Value, bool) {
	v, state := b.value("vars")
	switch state {
	case absent:
		return cty.EmptyObjectVal, true
	case wrong:
		return cty.EmptyObjectVal, false
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		b.mistake("vars", `An object is wanted here, such as { nic = "eth0" }, and this is %s.`, noun(v.Type()))
		return cty.EmptyObjectVal, false
	}
	return v, true
}
