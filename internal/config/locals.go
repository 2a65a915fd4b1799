package config

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// localOrder is every local after those that it needs, by name where that is free.
// It also settles which of them need self through another. Cycles are broken before.
func (d *decoder) localOrder() []*local {
	var order []*local
	visited := map[string]bool{}
	var visit func(l *local)
	visit = func(l *local) {
		if visited[l.name] {
			return
		}
		visited[l.name] = true
		for _, name := range l.deps {
			visit(d.locals[name])
			l.self = l.self || d.locals[name].self
		}
		order = append(order, l)
	}
	for _, name := range d.localNames() {
		visit(d.locals[name])
	}
	return order
}

// breakCycles reports each circle of locals and makes its members unknown.
func (d *decoder) breakCycles() {
	const (
		fresh = iota
		open
		closed
	)
	state := map[string]int{}
	var path []string
	var cycles [][]string
	var visit func(name string)
	visit = func(name string) {
		state[name] = open
		path = append(path, name)
		for _, dep := range d.locals[name].deps {
			switch state[dep] {
			case fresh:
				visit(dep)
			case open:
				cycles = append(cycles, slices.Clone(path[slices.Index(path, dep):]))
			}
		}
		path = path[:len(path)-1]
		state[name] = closed
	}
	for _, name := range d.localNames() {
		if state[name] == fresh {
			visit(name)
		}
	}
	for _, cycle := range cycles {
		d.errorf(d.locals[cycle[0]].attr.NameRange, "Cycle in locals", "%s.", cycleText(cycle))
		for _, name := range cycle {
			d.locals[name].value = cty.DynamicVal
		}
	}
}

// cycleText is "local.a needs local.b, which needs local.a".
func cycleText(cycle []string) string {
	var b strings.Builder
	b.WriteString("local." + cycle[0] + " needs ")
	for _, name := range cycle[1:] {
		b.WriteString("local." + name + ", which needs ")
	}
	if len(cycle) == 1 {
		b.WriteString("itself")
	} else {
		b.WriteString("local." + cycle[0])
	}
	return b.String()
}
