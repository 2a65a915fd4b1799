package config

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Diagnostics are the mistakes and warnings of a configuration, in file order: the
// main file first, then the included ones as they were merged, each by position. The
// zero value has none.
type Diagnostics struct {
	list  hcl.Diagnostics
	files map[string]*hcl.File
}

// HasErrors reports whether there is anything worse than a warning.
func (d *Diagnostics) HasErrors() bool { return d != nil && d.list.HasErrors() }

// All is every diagnostic, in order. Each has a Subject, except those about files
// that could not be read and were named on the command line.
func (d *Diagnostics) All() []*hcl.Diagnostic {
	if d == nil {
		return nil
	}
	return slices.Clone(d.list)
}

// report puts diagnostics in file order, each once.
func (s *sources) report(diags hcl.Diagnostics) *Diagnostics {
	place := map[string]int{}
	for i, name := range s.order {
		place[name] = i
	}
	start := func(diag *hcl.Diagnostic) (file, offset int) {
		if diag.Subject == nil {
			return -1, 0
		}
		return place[diag.Subject.Filename], diag.Subject.Start.Byte
	}
	sorted := slices.Clone(diags)
	slices.SortStableFunc(sorted, func(a, b *hcl.Diagnostic) int {
		aFile, aOffset := start(a)
		bFile, bOffset := start(b)
		return cmp.Or(cmp.Compare(aFile, bFile), cmp.Compare(aOffset, bOffset),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(diagKey(a), diagKey(b)))
	})
	sorted = slices.CompactFunc(sorted, func(a, b *hcl.Diagnostic) bool { return diagKey(a) == diagKey(b) })
	return &Diagnostics{list: sorted, files: s.files}
}

// diagKey is equal for diagnostics that say the same of the same place. A dynamic
// block says what is wrong in its content once for each block that it makes.
func diagKey(diag *hcl.Diagnostic) string {
	at := ""
	if diag.Subject != nil {
		at = diag.Subject.String()
	}
	return fmt.Sprintf("%s %d %s %s", at, diag.Severity, diag.Summary, diag.Detail)
}
