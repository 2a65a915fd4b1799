package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"
)

// decoder takes one configuration as one director. It collects diagnostics and goes
// on: a value that is wrong becomes the zero value of its type, and what compares
// values skips those.
type decoder struct {
	src    *sources
	ctx    *hcl.EvalContext
	diags  hcl.Diagnostics
	locals map[string]*local
	self   selfState
	// unknown is the first value that could not be known, for explainUnknown.
	unknown *hcl.Range
	// routersBroken and directorsBroken: blocks of routers with their addresses, or
	// of directors, were not understood, so nothing can be said about what is
	// missing among them.
	routersBroken, directorsBroken bool
}

// decode makes a Config of parsed files. names are those of the directors. The
// order matters: locals, then the directors, then self and the locals that need it,
// then all the rest.
func decode(src *sources, opt Options) (cfg *Config, names []string, diags hcl.Diagnostics) {
	d := &decoder{src: src, ctx: &hcl.EvalContext{
		Variables: map[string]cty.Value{},
		Functions: functions(src.dir),
	}}
	localsPart, rest := only(rootGrammar, "locals")
	content, merged, more := hcl.MergeBodies(src.bodies).PartialContent(localsPart)
	d.add(more)
	d.collectLocals(content.Blocks)
	d.evalLocals(false)

	cfg = &Config{Files: slices.Clone(src.order), Hash: src.hash}
	directorPart, rest := only(rest, "director")
	content, body, more := dynblock.Expand(merged, d.ctx).PartialContent(directorPart)
	d.directorsBroken = more.HasErrors()
	d.add(more)
	selves := d.directors(cfg, content.Blocks)
	d.chooseSelf(cfg, selves, opt)
	d.evalLocals(true)

	// Content goes on from what PartialContent left; both use d.ctx, in which
	// self is by now.
	d.root(cfg, d.open("the top level of the file", body, hcl.Range{}, rest))
	d.crossRouters(cfg)
	d.crossServices(cfg)
	d.crossAddresses(cfg)
	d.explainUnknown()
	for _, director := range cfg.Directors {
		if !slices.Contains(names, director.Name) {
			names = append(names, director.Name)
		}
	}
	if d.diags.HasErrors() {
		cfg = nil
	}
	return cfg, names, d.diags
}

// explainUnknown sees to it that an unknown value never passes for one that was left
// out: if nothing else was reported, the value itself is.
func (d *decoder) explainUnknown() {
	if d.unknown != nil && !d.diags.HasErrors() {
		d.errorf(*d.unknown, "Unknown value", "This value cannot be known while the file is read.")
	}
}

// root takes everything but locals and directors.
func (d *decoder) root(cfg *Config, b *block) {
	for _, blk := range b.blocks["vrrp"] {
		cfg.Routers = append(cfg.Routers, d.router(cfg, blk))
	}
	for _, blk := range b.blocks["virtual_server"] {
		cfg.Services = append(cfg.Services, d.service(blk))
	}
	d.routersBroken = d.routersBroken || b.broken || b.meant["vrrp"]
	cfg.OnStop = OnStop(b.choice("on_stop", string(OnStopKeep), string(OnStopRemove)))
	cfg.Sysctl = d.sysctl(b)
	cfg.Control = d.control(b)
	cfg.Log = d.log(b)
	d.uniqueNames(cfg)
}

// uniqueNames refuses a second block of a kind with the same label.
func (d *decoder) uniqueNames(cfg *Config) {
	directors, routers, services := names{d: d, kind: "director"}, names{d: d, kind: "vrrp"}, names{d: d, kind: "virtual_server"}
	for _, director := range cfg.Directors {
		directors.add(director.Name, director.Src.Label)
	}
	for _, router := range cfg.Routers {
		routers.add(router.Name, router.Src.Label)
	}
	for _, service := range cfg.Services {
		services.add(service.Name, service.Src.Label)
	}
}
