package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree writes files into a new folder and returns the path of lbha.hcl in it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "lbha.hcl")
}

func TestIncludedFilesAreMergedInTheOrderOfTheirNames(t *testing.T) {
	service := func(name string, port int) string {
		return fmt.Sprintf("virtual_server %q {\n  address = \"192.168.24.52:%d\"\n  real_server \"a\" { address = \"%s:%d\" }\n}\n",
			name, port, "${local.host}", port)
	}
	path := tree(t, map[string]string{
		"lbha.hcl":         "include = [\"conf.d/*.hcl\", \"last.hcl\", \"none/*.hcl\"]\n" + service("main", 1),
		"conf.d/20.hcl":    service("twenty", 20) + "locals {\n  host = \"192.168.17.102\"\n}\n",
		"conf.d/10.hcl":    "include = [\"sub/*.hcl\", \"10.hcl.d/../../last.hcl\"]\n" + service("ten", 10),
		"conf.d/sub/a.hcl": service("sub", 15),
		"conf.d/ignored":   "not HCL at all {",
		"last.hcl":         service("last", 99),
	})
	cfg := load(t, path, "")
	var got []string
	for _, s := range cfg.Services {
		got = append(got, s.Name)
	}
	if diff := cmp.Diff([]string{"main", "ten", "sub", "last", "twenty"}, got); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	var files []string
	for _, f := range cfg.Files {
		rel, err := filepath.Rel(filepath.Dir(path), f)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, rel)
	}
	if diff := cmp.Diff([]string{"lbha.hcl", "conf.d/10.hcl", "conf.d/sub/a.hcl", "last.hcl", "conf.d/20.hcl"}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestHashChangesWithEveryFile(t *testing.T) {
	files := map[string]string{"lbha.hcl": "include = [\"a.hcl\"]\n", "a.hcl": "on_stop = \"keep\"\n"}
	first := load(t, tree(t, files), "").Hash
	if again := load(t, tree(t, files), "").Hash; again != first {
		t.Errorf("the same files have hash %s and %s", first, again)
	}
	files["a.hcl"] += "# a comment\n"
	if other := load(t, tree(t, files), "").Hash; other == first {
		t.Error("another included file, the same hash")
	}
}

func TestMistakesOfFilesAreInTheOrderOfTheFiles(t *testing.T) {
	path := tree(t, map[string]string{
		"lbha.hcl": "include = [\"b.hcl\", \"a.hcl\"]\n\n\n\non_stop = \"x\"\n",
		"a.hcl":    "on_stop = \"x\"\n",
		"b.hcl":    "\nlog {\n  level = \"x\"\n}\n",
	})
	_, diags := Validate(path)
	want := []string{"5 ERROR: Invalid on_stop", "3 ERROR: Invalid level", "1 ERROR: Duplicate argument"}
	if diff := cmp.Diff(want, positions(diags)); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s\n%s", diff, render(t, diags))
	}
}

func TestFilesThatCannotBeIncluded(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"itself", map[string]string{"lbha.hcl": `include = ["*.hcl"]`}, "is included by itself"},
		{"a loop", map[string]string{"lbha.hcl": `include = ["a.hcl"]`, "a.hcl": `include = ["lbha.hcl"]`}, "is included by itself"},
		{"absent", map[string]string{"lbha.hcl": `include = ["a.hcl"]`}, "There is no file"},
		{"a folder", map[string]string{"lbha.hcl": `include = ["d"]`, "d/a.hcl": ""}, "is not a regular file"},
		{"a text", map[string]string{"lbha.hcl": `include = "a.hcl"`}, "A list of texts is wanted"},
		{"an empty text", map[string]string{"lbha.hcl": `include = [""]`}, "names no file"},
		{"a number", map[string]string{"lbha.hcl": `include = [1]`}, "A list of texts is wanted"},
		{"a bad pattern", map[string]string{"lbha.hcl": `include = ["[a"]`}, "is not a pattern"},
		{"from a local", map[string]string{"lbha.hcl": "include = local.files\nlocals {\n  files = []\n}"}, "neither local nor self"},
		{"broken", map[string]string{"lbha.hcl": `include = ["a.hcl"]`, "a.hcl": "director {"}, "on a.hcl line 1"},
		{"too large", map[string]string{"lbha.hcl": `include = ["a.hcl"]`, "a.hcl": strings.Repeat("#\n", maxFileBytes/2+1)}, "has more than 4194304 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := tree(t, tt.files)
			cfg, diags := Validate(path)
			text := strings.ReplaceAll(render(t, diags), filepath.Dir(path)+"/", "")
			if cfg != nil || len(diags.All()) != 1 || !strings.Contains(strings.ReplaceAll(text, "\n", " "), tt.want) {
				t.Errorf("want %q in:\n%s", tt.want, text)
			}
		})
	}
}

func TestMainFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "absent.hcl"): "no such file or directory",
		dir:                              "is not a regular file",
		fifo:                             "is not a regular file",
		"/dev/zero":                      "is not a regular file",
	} {
		cfg, diags := Load(path, Options{})
		if text := strings.ReplaceAll(render(t, diags), "\n", " "); cfg != nil || !diags.HasErrors() || !strings.Contains(text, want) {
			t.Errorf("%s: want %q in:\n%s", path, want, text)
		}
	}
}

func TestFolderNameIsNoPattern(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[x]*")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"lbha.hcl": `include = ["a*.hcl"]`, "a1.hcl": `on_stop = "remove"`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if cfg := load(t, filepath.Join(dir, "lbha.hcl"), ""); cfg.OnStop != OnStopRemove {
		t.Error("the file beside it was not included")
	}
}
