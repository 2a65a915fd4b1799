package config

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

func TestFunctions(t *testing.T) {
	t.Setenv("LBHA_TEST_SET", "here")
	tests := []struct{ expr, want string }{ // want is an error if it begins with !
		{`cidrhost("192.168.17.0/24", 101)`, "192.168.17.101"},
		{`cidrhost("192.168.17.77/24", 1)`, "192.168.17.1"},
		{`cidrhost("192.168.17.0/24", -1)`, "192.168.17.255"},
		{`cidrhost("192.168.17.0/24", 255)`, "192.168.17.255"},
		{`cidrhost("192.168.17.0/24", 256)`, "!has no address number 256"},
		{`cidrhost("192.168.17.0/24", -257)`, "!has no address number -257"},
		{`cidrhost("192.168.17.0/24", 1.5)`, "!a whole number"},
		{`cidrhost("192.168.17.4/32", 0)`, "192.168.17.4"},
		{`cidrhost("2001:db8::/32", 258)`, "2001:db8::102"},
		{`cidrhost("2001:db8::/64", -1)`, "2001:db8::ffff:ffff:ffff:ffff"},
		{`cidrhost("::/0", 1)`, "::1"},
		{`cidrhost("192.168.17.0", 1)`, "!is not a network"},
		{`cidrnetmask("192.168.17.0/20")`, "255.255.240.0"},
		{`cidrnetmask("2001:db8::/64")`, "!only IPv4"},
		{`env("LBHA_TEST_SET")`, "here"},
		{`env("LBHA_TEST_SET", "default")`, "here"},
		{`env("LBHA_TEST_NOT_SET", "default")`, "default"},
		{`env("LBHA_TEST_NOT_SET")`, "!is not set"},
		{`env("LBHA_TEST_NOT_SET", "a", "b")`, "!at most one default"},
		{`file("page.txt")`, "/status\n"},
		{`file("absent.txt")`, "!no such file"},
		{`file("../valid")`, "!not a regular file"},
		{`file("/dev/zero")`, "!not a regular file"},
		{`format("%03d|%-4s|%.2f", 7, "ab", 1.5)`, "007|ab  |1.50"},
		{`format("100%%|%s", "x")`, "100%|x"},
		{`format("%9999d", 7)`, "!at most three digits"},
		{`format("%.9999f", 7)`, "!at most three digits"},
		{`join(",", formatlist("%s1000", range(3)))`, "01000,11000,21000"},
		{`join(",", sort(keys({ b = 1, a = 2 })))`, "a,b"},
		{`upper(trimspace(replace(" a-b ", "-", "_")))`, "A_B"},
		{`join("", [for x in distinct(concat(["a"], ["a", "b"])) : x])`, "ab"},
		{`try(local.x, "fallback")`, "fallback"},
		{`lookup({ a = "b" }, "c", "d")`, "d"},
		{`tonumber("5") + length(split(",", "a,b"))`, "7"},
		{`nosuch()`, `!no function named "nosuch"`},
	}
	ctx := &hcl.EvalContext{Functions: functions("testdata/valid"), Variables: map[string]cty.Value{"local": cty.EmptyObjectVal}}
	for _, tt := range tests {
		expr, diags := hclsyntax.ParseExpression([]byte(tt.expr), "expr", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", tt.expr, diags)
		}
		v, diags := expr.Value(ctx)
		want, fails := strings.CutPrefix(tt.want, "!")
		if fails {
			if !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
				t.Errorf("%s: want an error with %q, got %#v, %v", tt.expr, want, v, diags)
			}
			continue
		}
		text, err := convert.Convert(v, cty.String)
		if diags.HasErrors() || err != nil || text.AsString() != want {
			t.Errorf("%s = %#v, %v, %v; want %q", tt.expr, v, diags, err, want)
		}
	}
}

func TestNearestName(t *testing.T) {
	known := []string{"address", "addresses", "priority", "rr", "wrr", "lc"}
	for name, want := range map[string]string{
		"adress": "address", "addres": "address", "adresses": "addresses", "address": "address", "prio": "", "wwrr": "wrr", "xy": "", "": "",
		"pirority": "priority", "transport": "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
