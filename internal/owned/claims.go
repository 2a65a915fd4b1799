package owned

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// claims is everything owned. A claims that was handed to a reader is never
// changed again: writers clone it.
type claims struct {
	services  map[string]bool
	addresses map[[2]string]bool // prefix, link
	sysctls   map[string]sysctlValue
}

// sysctlValue is what one kernel setting held before lbha first wrote it, and
// what lbha wrote last. Either may be empty: some sysctls are.
type sysctlValue struct{ original, ours string }

func newClaims() *claims {
	return &claims{
		services:  map[string]bool{},
		addresses: map[[2]string]bool{},
		sysctls:   map[string]sysctlValue{},
	}
}

func (c *claims) clone() *claims {
	return &claims{
		services:  maps.Clone(c.services),
		addresses: maps.Clone(c.addresses),
		sysctls:   maps.Clone(c.sysctls),
	}
}

func (c *claims) serviceList() []string {
	return slices.Sorted(maps.Keys(c.services))
}

func (c *claims) addressList() [][2]string {
	return slices.SortedFunc(maps.Keys(c.addresses), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}

func (c *claims) sysctlKeys() []string {
	return slices.Sorted(maps.Keys(c.sysctls))
}

// The checks below hold for what is claimed and for what is read, so that
// nothing is ever written that could not be read again.

func checkService(key string) error {
	return checkName("service", key)
}

func checkAddress(a [2]string) error {
	if _, err := netip.ParsePrefix(a[0]); err != nil {
		return fmt.Errorf("address %q is not an address with a prefix length", a[0])
	}
	return checkName("link", a[1])
}

func checkSysctl(key string, v sysctlValue) error {
	if err := checkName("sysctl", key); err != nil {
		return err
	}
	for _, text := range []string{v.original, v.ours} {
		if !utf8.ValidString(text) {
			return fmt.Errorf("sysctl %s has the value %q, which is not text", key, text)
		}
	}
	return nil
}

func checkName(what, s string) error {
	if s == "" {
		return fmt.Errorf("%s without a name", what)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%s name %q is not plain text", what, s)
	}
	return nil
}
