package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// selfState is what self means at a stage of decoding.
type selfState uint8

const (
	selfPending selfState = iota // the director blocks are being taken
	selfNone                     // the file has no director block
	selfUnknown                  // it has, but none is ours, which was said already
	selfKnown
)

// local is one argument of a locals block.
type local struct {
	name string
	attr *hcl.Attribute
	deps []string // the locals that it needs, sorted
	self bool     // it needs self, itself or through another

	value cty.Value // cty.NilVal until it is evaluated
}

// collectLocals notes what the locals blocks define, and refuses what is defined twice
// or by itself.
func (d *decoder) collectLocals(blocks hcl.Blocks) {
	d.locals = map[string]*local{}
	for _, blk := range blocks {
		attrs, diags := blk.Body.JustAttributes()
		d.add(diags)
		for _, attr := range inFileOrder(attrs) {
			if first := d.locals[attr.Name]; first != nil {
				d.errorf(attr.NameRange, "Duplicate local", "local.%s is defined already, at %s.", attr.Name, first.attr.NameRange)
				continue
			}
			d.locals[attr.Name] = &local{name: attr.Name, attr: attr}
		}
	}
	for _, l := range d.locals {
		for _, ref := range l.attr.Expr.Variables() {
			switch ref.RootName() {
			case "self":
				l.self = true
			case "local":
				if name, ok := localName(ref); ok && d.locals[name] != nil && !slices.Contains(l.deps, name) {
					l.deps = append(l.deps, name)
				}
			}
		}
		slices.Sort(l.deps)
	}
	d.breakCycles()
}

// evalLocals gives each local its value after those that it needs: the ones that need
// no self first, the others in a second call. A local that is wrong is unknown.
func (d *decoder) evalLocals(self bool) {
	values := map[string]cty.Value{}
	for _, l := range d.localOrder() {
		if l.self && !self {
			continue
		}
		if l.value == cty.NilVal {
			needed := map[string]cty.Value{}
			for _, name := range l.deps {
				needed[name] = d.locals[name].value
			}
			d.ctx.Variables["local"] = cty.ObjectVal(needed)
			l.value, _ = d.eval(l.attr.Expr)
		}
		values[l.name] = l.value
	}
	d.ctx.Variables["local"] = cty.ObjectVal(values)
}

// eval evaluates an expression. ok is false if it has no known value; then the reason
// has been reported, here or where it lies.
func (d *decoder) eval(expr hcl.Expression) (value cty.Value, ok bool) {
	ok = true
	for _, ref := range expr.Variables() {
		ok = d.checkReference(ref) && ok
	}
	if !ok {
		return cty.DynamicVal, false
	}
	value, diags := expr.Value(d.ctx)
	d.add(diags)
	if diags.HasErrors() {
		return cty.DynamicVal, false
	}
	value, _ = value.UnmarkDeep()
	if !value.IsWhollyKnown() {
		d.noteUnknown(expr.Range())
		return value, false
	}
	return value, true
}

// checkReference reports a reference to a local or to self that cannot work, in words
// that hcl does not have.
func (d *decoder) checkReference(ref hcl.Traversal) bool {
	at := ref.SourceRange()
	switch ref.RootName() {
	case "self":
		switch d.self {
		case selfPending:
			d.errorf(at, "Invalid use of self", "self is made of the director blocks, so neither they nor a local that they use can refer to it.")
			return false
		case selfNone:
			d.errorf(at, "Unknown self", "self is this machine's director block, and this file has none; add one for each machine.")
			return false
		}
	case "local":
		name, ok := localName(ref)
		if !ok {
			d.errorf(at, "Invalid reference", "local is used with a name: local.NAME.")
			return false
		}
		l := d.locals[name]
		if l == nil {
			d.errorf(at, "Unknown local", "There is no local.%s.%s", name, hint(name, d.localNames(), "This file has", "local."))
			return false
		}
		if l.self && d.self == selfPending {
			d.errorf(at, "Invalid use of self", "local.%s refers to self, and self is made of the director blocks; they cannot use it.", name)
			return false
		}
	}
	return true
}

// localName is x of local.x or local["x"].
func localName(ref hcl.Traversal) (string, bool) {
	if len(ref) < 2 {
		return "", false
	}
	switch step := ref[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

func (d *decoder) localNames() []string {
	names := make([]string, 0, len(d.locals))
	for name := range d.locals {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (d *decoder) noteUnknown(at hcl.Range) {
	if d.unknown == nil {
		d.unknown = &at
	}
}

// chooseSelf settles which director this is. selves are the values of self as each.
func (d *decoder) chooseSelf(cfg *Config, selves []cty.Value, opt Options) {
	if len(cfg.Directors) == 0 {
		d.self = selfNone
		if d.directorsBroken {
			d.self = selfUnknown
			d.ctx.Variables["self"] = cty.DynamicVal
		}
		return
	}
	i := slices.IndexFunc(cfg.Directors, func(x Director) bool { return x.Name == opt.Director })
	if i < 0 && opt.AnyDirector {
		i = 0
	}
	if i >= 0 {
		d.self = selfKnown
		cfg.Self = &cfg.Directors[i]
		d.ctx.Variables["self"] = selves[i]
		return
	}
	d.self = selfUnknown
	d.ctx.Variables["self"] = cty.DynamicVal
	if d.directorsBroken {
		return // ours may be the one that was not understood
	}
	var known []string
	for _, director := range cfg.Directors {
		if !slices.Contains(known, director.Name) {
			known = append(known, director.Name)
		}
	}
	who := fmt.Sprintf("No director block is named %q.", opt.Director)
	if opt.Director == "" {
		who = "Nothing says which director this machine is."
	}
	d.errorf(cfg.Directors[0].Src.Block, "Unknown director",
		"%s Name one of %s with --director, or add a director block for this machine.", who, quotedList(known, "and"))
}

// inFileOrder sorts arguments, which hcl keeps in a map.
func inFileOrder(attrs hcl.Attributes) []*hcl.Attribute {
	var list []*hcl.Attribute
	for _, attr := range attrs {
		list = append(list, attr)
	}
	slices.SortFunc(list, func(a, b *hcl.Attribute) int {
		return strings.Compare(sortable(a.NameRange), sortable(b.NameRange))
	})
	return list
}

func sortable(r hcl.Range) string { return fmt.Sprintf("%s %12d", r.Filename, r.Start.Byte) }
