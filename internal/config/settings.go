package config

import "path/filepath"

// maxSocketPath is what fits sun_path with its closing zero, unix(7).
const maxSocketPath = 107

func (d *decoder) sysctl(b *block) Sysctl {
	blk := b.one("sysctl")
	if blk == nil {
		return Sysctl{Manage: true}
	}
	return Sysctl{Manage: d.openBlock(blk, sysctlGrammar).boolean("manage", true)}
}

func (d *decoder) control(b *block) Control {
	blk := b.one("control")
	if blk == nil {
		return Control{Socket: DefaultSocket, Group: DefaultGroup}
	}
	in := d.openBlock(blk, controlGrammar)
	c := Control{Src: in.src}
	var ok bool
	if c.Socket, ok = in.text("socket", DefaultSocket); ok {
		switch {
		case !filepath.IsAbs(c.Socket) || filepath.Clean(c.Socket) != c.Socket:
			in.mistake("socket", "%q is not a plain absolute path, such as %q.", c.Socket, DefaultSocket)
		case len(c.Socket) > maxSocketPath:
			in.mistake("socket", "The path has %d bytes; a unix socket's has at most %d.", len(c.Socket), maxSocketPath)
		}
	}
	c.Group, _ = in.text("group", DefaultGroup)
	return c
}

func (d *decoder) log(b *block) Log {
	blk := b.one("log")
	if blk == nil {
		return Log{Level: "info", Format: "text"}
	}
	in := d.openBlock(blk, logGrammar)
	return Log{
		Level:  in.choice("level", "info", "debug", "warn", "error"),
		Format: in.choice("format", "text", "json"),
	}
}
