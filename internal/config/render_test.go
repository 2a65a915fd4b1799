package config

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestDiagnosticsReadWell(t *testing.T) {
	_, diags := Validate("testdata/golden.hcl")
	got := render(t, diags)
	const golden = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestDiagnosticsComeInTheSameOrderEachTime(t *testing.T) {
	_, diags := Validate("testdata/golden.hcl")
	first := render(t, diags)
	for range 20 {
		_, diags := Validate("testdata/golden.hcl")
		if diff := cmp.Diff(first, render(t, diags)); diff != "" {
			t.Fatalf("another run (-first +this):\n%s", diff)
		}
	}
}

func TestColourIsNotTheOnlySign(t *testing.T) {
	_, diags := Validate(write(t, "on_stop = \"flush\"\n"))
	var plain, coloured strings.Builder
	if err := diags.Write(&plain, false, 0); err != nil {
		t.Fatal(err)
	}
	if err := diags.Write(&coloured, true, 0); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(plain.String(), "^^^^^^^") {
		t.Errorf("plain text:\n%s", plain.String())
	}
	stripped := strings.NewReplacer(ansiRed, "", ansiYellow, "", ansiReset, "").Replace(coloured.String())
	if diff := cmp.Diff(plain.String(), stripped); diff != "" {
		t.Errorf("coloured text without its colours (-plain +coloured):\n%s", diff)
	}
}

func TestSourceLinesAreShownWithinBounds(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a tab lines up", "\ton_stop = 1\n", "   1: \ton_stop = 1\n      \t          ^\n"},
		{"control characters are not sent to the terminal", "on_stop = \"a\x07b\"\n", "   1: on_stop = \"a\uFFFDb\"\n                ^^^^^\n"},
		{"no newline at the end", "on_stop = 1", "   1: on_stop = 1\n                ^\n"},
		{"a carriage return is not shown", "on_stop = 1\r\n", "   1: on_stop = 1\n                ^\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := Validate(write(t, tt.text))
			if got := render(t, diags); !strings.Contains(got, tt.want) {
				t.Errorf("want %q in\n%q", tt.want, got)
			}
		})
	}
	_, diags := Validate(write(t, `on_stop = "`+strings.Repeat("long ", 1000)+"\"\n"))
	for _, line := range strings.Split(render(t, diags), "\n") {
		if strings.HasPrefix(line, "   1: ") && len(line) > maxShown+20 {
			t.Errorf("a source line of %d bytes is shown", len(line))
		}
	}
}

func TestWrapBreaksAtSpaces(t *testing.T) {
	tests := []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 0, "one two three"},
		{"one two three", 7, "one two\nthree"},
		{"one two three", 2, "one\ntwo\nthree"},
		{"one two\n\nthree four", 9, "one two\n\nthree\nfour"},
		{"größe zwei", 10, "größe zwei"},
	}
	for _, tt := range tests {
		if got := wrap(tt.text, tt.width); got != tt.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}
