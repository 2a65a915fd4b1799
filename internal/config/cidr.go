package config

import (
	"fmt"
	"math/big"
	"net"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// cidrHostFunc is cidrhost(prefix, n): the n-th address of a network, counted from
// its end if n is negative.
var cidrHostFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "prefix", Type: cty.String}, {Name: "n", Type: cty.Number}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		prefix, err := parseNetwork(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		n, acc := args[1].AsBigFloat().Int(nil)
		if acc != big.Exact {
			return cty.NilVal, function.NewArgErrorf(1, "a whole number is wanted")
		}
		addr, ok := hostOf(prefix, n)
		if !ok {
			return cty.NilVal, function.NewArgErrorf(1, "%s has no address number %s", prefix, n)
		}
		return cty.StringVal(addr.String()), nil
	},
})

// cidrNetmaskFunc is cidrnetmask(prefix): "255.255.255.0" of "192.168.17.0/24".
var cidrNetmaskFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "prefix", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		prefix, err := parseNetwork(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		if !prefix.Addr().Is4() {
			return cty.NilVal, function.NewArgErrorf(0, "only IPv4 networks have a netmask")
		}
		return cty.StringVal(net.IP(net.CIDRMask(prefix.Bits(), 32)).String()), nil
	},
})

func parseNetwork(v cty.Value) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(v.AsString())
	if err != nil {
		return netip.Prefix{}, function.NewArgErrorf(0, "%q is not a network such as 192.168.17.0/24", v.AsString())
	}
	return prefix.Masked(), nil
}

// hostOf adds n to a network's first address, or to its end if n is negative.
func hostOf(prefix netip.Prefix, n *big.Int) (netip.Addr, bool) {
	size := new(big.Int).Lsh(big.NewInt(1), uint(prefix.Addr().BitLen()-prefix.Bits()))
	index := new(big.Int).Set(n)
	if index.Sign() < 0 {
		index.Add(index, size)
	}
	if index.Sign() < 0 || index.Cmp(size) >= 0 {
		return netip.Addr{}, false
	}
	raw := prefix.Addr().AsSlice()
	sum := index.Add(index, new(big.Int).SetBytes(raw))
	addr, ok := netip.AddrFromSlice(sum.FillBytes(raw))
	return addr, ok
}

// formatWidths refuses what would make format build a text of a size that only its
// author can have meant: a width or precision of four digits and more.
func formatWidths(spec string) error {
	digits := 0
	verb := false
	for _, r := range spec {
		switch {
		case r == '%':
			verb, digits = !verb, 0
		case verb && r >= '0' && r <= '9':
			if digits++; digits > 3 {
				return fmt.Errorf("a width has at most three digits")
			}
		case verb && (r == '.' || r == '-' || r == '+' || r == '#' || r == ' ' || r == '[' || r == ']'):
			digits = 0
		default:
			verb = false
		}
	}
	return nil
}
