package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Options say as whom a file is read.
type Options struct {
	// Director is this machine's name among the file's director blocks: the
	// --director flag, else the host's name. If it names nobody that is a
	// diagnostic which lists the names there are.
	Director string
	// AnyDirector reads the file as its first director if Director names nobody,
	// for what works on any machine.
	AnyDirector bool
}

// Load reads a file, and those it includes, as one director. The Config is nil if
// there is an error; the diagnostics may hold warnings even if there is none, and are
// never nil.
func Load(path string, opt Options) (*Config, *Diagnostics) {
	src := readSources(path)
	if src.diags.HasErrors() {
		return nil, src.report(src.diags)
	}
	cfg, _, diags := decode(src, opt)
	return cfg, src.report(diags)
}

// Validate reads a file as each of its directors in turn, on any machine, and gives
// their diagnostics without repetition; one that does not arise for all of them says
// for which. The Config is the first director's, and nil if there is any error.
func Validate(path string) (*Config, *Diagnostics) {
	src := readSources(path)
	if src.diags.HasErrors() {
		return nil, src.report(src.diags)
	}
	first, names, diags := decode(src, Options{AnyDirector: true})
	if len(names) < 2 {
		return first, src.report(diags)
	}
	runs := []hcl.Diagnostics{diags}
	for _, name := range names[1:] {
		_, _, diags := decode(src, Options{Director: name})
		runs = append(runs, diags)
	}
	all := mergeRuns(names, runs)
	if all.HasErrors() {
		first = nil
	}
	return first, src.report(all)
}

// mergeRuns makes one list of what the runs as each director found. runs[i] belongs
// to names[i].
func mergeRuns(names []string, runs []hcl.Diagnostics) hcl.Diagnostics {
	seenBy := map[string][]string{}
	var merged hcl.Diagnostics
	for i, run := range runs {
		for _, diag := range run {
			key := diagKey(diag)
			if seenBy[key] == nil {
				merged = append(merged, diag)
			}
			if !slices.Contains(seenBy[key], names[i]) {
				seenBy[key] = append(seenBy[key], names[i])
			}
		}
	}
	for i, diag := range merged {
		by := seenBy[diagKey(diag)]
		if len(by) == len(names) {
			continue
		}
		said := *diag
		said.Detail += fmt.Sprintf("\n\nThis is so for director %s only.", quotedList(by, "and"))
		merged[i] = &said
	}
	return merged
}

// quotedList is `"a", "b" and "c"`.
func quotedList(names []string, conjunction string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " " + conjunction + " " + quoted[last]
}
