package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad: whatever a file holds, there is a Config or an error, each diagnostic is
// within the file, and all of it can be printed.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"../../configs/*.hcl", "testdata/*.hcl", "testdata/valid/*.hcl", "testdata/invalid/*.hcl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("seeds %s: %v, %d found", pattern, err, len(paths))
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	path := filepath.Join(f.TempDir(), fmt.Sprintf("lbha-%d.hcl", os.Getpid()))
	f.Fuzz(func(t *testing.T, src []byte) {
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, diags := Validate(path)
		if (cfg == nil) != diags.HasErrors() {
			t.Errorf("Config %v, errors %v", cfg, diags.HasErrors())
		}
		last := -1
		for _, diag := range diags.All() {
			if diag.Subject == nil || diag.Subject.Filename != path || diag.Subject.End.Byte > len(src) {
				t.Errorf("diagnostic %q at %v, file of %d bytes", diag.Summary, diag.Subject, len(src))
				continue
			}
			if diag.Subject.Start.Byte < last {
				t.Errorf("diagnostic %q at %v is out of order", diag.Summary, diag.Subject)
			}
			last = diag.Subject.Start.Byte
		}
		if err := diags.Write(io.Discard, true, 20); err != nil {
			t.Error(err)
		}
	})
}
