package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

// A fixture carries its diagnostics: `# ERROR: summary` or `# WARNING: summary` at the
// end of the line that a diagnostic is about, several on one line one after the other.

func TestValidFilesHaveNoDiagnostics(t *testing.T) {
	for _, path := range glob(t, "testdata/valid/*.hcl") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			cfg, diags := Validate(path)
			if got := positions(diags); got != nil {
				t.Errorf("diagnostics:\n%s", render(t, diags))
			}
			if cfg == nil {
				t.Error("no Config")
			}
		})
	}
}

func TestInvalidFilesHaveTheirDiagnosticsAndNoOther(t *testing.T) {
	for _, path := range glob(t, "testdata/invalid/*.hcl") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			cfg, diags := Validate(path)
			want := expected(t, path)
			if diff := cmp.Diff(want, positions(diags)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s\n%s", diff, render(t, diags))
			}
			if diags.HasErrors() != (cfg == nil) {
				t.Errorf("errors %v, Config %v", diags.HasErrors(), cfg)
			}
			for _, diag := range diags.All() {
				if !strings.HasSuffix(diag.Detail, ".") && !strings.HasSuffix(diag.Detail, "?") {
					t.Errorf("the detail is no sentence: %q", diag.Detail)
				}
			}
		})
	}
}

// expected reads a fixture's own diagnostics.
func expected(t *testing.T, path string) []string {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i, line := range strings.Split(string(src), "\n") {
		for _, part := range strings.Split(line, "# ")[1:] {
			for _, severity := range []string{"ERROR", "WARNING"} {
				if summary, ok := strings.CutPrefix(part, severity+": "); ok {
					want = append(want, fmt.Sprintf("%d %s: %s", i+1, severity, strings.TrimSpace(summary)))
				}
			}
		}
	}
	return want
}

func positions(diags *Diagnostics) []string {
	var got []string
	for _, diag := range diags.All() {
		severity, line := "ERROR", 0
		if diag.Severity == hcl.DiagWarning {
			severity = "WARNING"
		}
		if diag.Subject != nil {
			line = diag.Subject.Start.Line
		}
		got = append(got, fmt.Sprintf("%d %s: %s", line, severity, diag.Summary))
	}
	return got
}

func render(t *testing.T, diags *Diagnostics) string {
	t.Helper()
	var b strings.Builder
	if err := diags.Write(&b, false, 80); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("files %s: %v, %d found", pattern, err, len(paths))
	}
	return paths
}

// write puts a configuration into a file of its own and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lbha.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
