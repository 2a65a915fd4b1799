package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// The language as it is today: what each block may hold. A key that is not here is
// a mistake, also one that a later version will know.
var (
	rootGrammar = grammar("include on_stop",
		"locals", "director name", "vrrp name", "virtual_server name", "sysctl", "control", "log")

	directorGrammar = grammar("address addresses priority vars")

	routerGrammar = grammar("virtual_router_id interface priority version advertisement_interval checksum preempt lease",
		"virtual_address address", "announce")
	virtualAddressGrammar = grammar("address interface")
	announceGrammar       = grammar("count interval refresh")

	serviceGrammar = grammar("address protocol scheduler forwarding on_failure require",
		"check kind", "real_server name")
	serverGrammar = grammar("address weight forwarding", "check kind")

	sysctlGrammar  = grammar("manage")
	controlGrammar = grammar("socket group")
	logGrammar     = grammar("level format")
)

// checkGrammars has one grammar per kind of check.
var checkGrammars = map[string]*hcl.BodySchema{
	CheckTCP:  grammar(checkKeys),
	CheckHTTP: grammar(checkKeys + " path host method status"),
}

// checkKeys are what every kind of check has.
const checkKeys = "interval timeout fast_interval rise fall port source"

// grammar makes a schema: the names of arguments, separated by spaces, then one text
// per kind of block, its type followed by the names of its labels. No argument is
// marked required: what is missing is reported by block.need, which knows whether
// saying so would be noise.
func grammar(arguments string, blocks ...string) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, name := range strings.Fields(arguments) {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: name})
	}
	for _, b := range blocks {
		words := strings.Fields(b)
		s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: words[0], LabelNames: words[1:]})
	}
	return s
}

// known lists the arguments and the blocks of a grammar, each sorted.
func known(s *hcl.BodySchema) (arguments, blocks []string) {
	for _, a := range s.Attributes {
		arguments = append(arguments, a.Name)
	}
	for _, b := range s.Blocks {
		blocks = append(blocks, b.Type)
	}
	slices.Sort(arguments)
	slices.Sort(blocks)
	return arguments, blocks
}

// only is a grammar's part for some block types, and rest what it leaves.
func only(s *hcl.BodySchema, types ...string) (part, rest *hcl.BodySchema) {
	part, rest = &hcl.BodySchema{}, &hcl.BodySchema{Attributes: s.Attributes}
	for _, b := range s.Blocks {
		if slices.Contains(types, b.Type) {
			part.Blocks = append(part.Blocks, b)
		} else {
			rest.Blocks = append(rest.Blocks, b)
		}
	}
	return part, rest
}
