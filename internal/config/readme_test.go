package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadmeExampleIsGood(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```hcl\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README.md has no example")
	}
	file := filepath.Join(t.TempDir(), "lbha.hcl")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	_, diags := Validate(file)
	for _, d := range diags.All() {
		t.Errorf("%s: %s", d.Summary, d.Detail)
	}
}
