package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

const referencePath = "../../configs/reference.hcl"

func TestSamplesAreFreeOfDiagnostics(t *testing.T) {
	for _, path := range glob(t, "../../configs/*.hcl") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			cfg, diags := Validate(path)
			if cfg == nil || len(diags.All()) > 0 {
				t.Errorf("diagnostics:\n%s", render(t, diags))
			}
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(hclwrite.Format(src)), string(src)); diff != "" {
				t.Errorf("layout (-canonical +is):\n%s", diff)
			}
		})
	}
}

func TestMinimalSampleNeedsNoIPVS(t *testing.T) {
	cfg := load(t, "../../configs/minimal.hcl", "server05")
	if len(cfg.Services) > 0 || len(cfg.Routers) != 1 {
		t.Errorf("%d services and %d routers", len(cfg.Services), len(cfg.Routers))
	}
}

func TestPairSamplesAreTheTutorials(t *testing.T) {
	tests := []struct{ file, forwarding, addresses string }{
		{"nat-pair.hcl", "nat", "[192.168.24.52/24 eth0 192.168.17.100/24 eth1]"},
		{"dr-pair.hcl", "dr", "[192.168.17.205/32 eth0]"},
	}
	for _, tt := range tests {
		cfg := load(t, "../../configs/"+tt.file, "server04")
		var addresses []string
		for _, va := range cfg.Routers[0].Addresses {
			addresses = append(addresses, va.Prefix.String(), va.Interface)
		}
		if got := fmt.Sprint(addresses); got != tt.addresses {
			t.Errorf("%s: addresses %s, want %s", tt.file, got, tt.addresses)
		}
		s := cfg.Services[0]
		if s.Scheduler != "rr" || s.Address.Port() != 80 || s.Servers[0].Forwarding != tt.forwarding {
			t.Errorf("%s: service %+v", tt.file, s)
		}
		// A server that is silent is found within an interval, and then Fall-1 more
		// probes run into their timeouts.
		c := s.Checks[0]
		if worst := c.Interval + c.Timeout*2; c.Fall != 2 || worst.Seconds() >= 2 {
			t.Errorf("%s: a dead server leaves after up to %s", tt.file, worst)
		}
	}
}

// line is an argument of the reference and what its comment says about it.
type line struct {
	key              string // "vrrp.priority"
	number           int
	example, require bool
}

// referenceLines are the arguments of the reference, without those that belong to
// locals and to dynamic blocks themselves; blocks are the kinds of its blocks.
func referenceLines(t *testing.T) (text []string, lines []line, blocks map[string]bool) {
	t.Helper()
	src, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	file, diags := hclsyntax.ParseConfig(src, "reference.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	text = strings.Split(string(src), "\n")
	blocks = map[string]bool{}
	var walk func(kind string, body *hclsyntax.Body)
	walk = func(kind string, body *hclsyntax.Body) {
		for name, attr := range body.Attributes {
			if kind == "locals" || kind == "dynamic" {
				continue
			}
			_, comment, _ := strings.Cut(text[attr.SrcRange.Start.Line-1], "# ")
			lines = append(lines, line{key: kind + "." + name, number: attr.SrcRange.Start.Line,
				example: strings.HasPrefix(comment, "(e)"), require: strings.HasPrefix(comment, "(required)")})
		}
		for _, blk := range body.Blocks {
			inner := blk.Type
			switch blk.Type {
			case "content":
				inner = kind
			case "dynamic":
				blocks[blk.Labels[0]] = true
				walk("dynamic", &hclsyntax.Body{Attributes: blk.Body.Attributes})
				inner = blk.Labels[0]
				walk(inner, &hclsyntax.Body{Blocks: blk.Body.Blocks})
				continue
			}
			blocks[blk.Type] = true
			walk(inner, blk.Body)
		}
	}
	walk("", file.Body.(*hclsyntax.Body))
	slices.SortFunc(lines, func(a, b line) int { return a.number - b.number })
	return text, lines, blocks
}

func TestReferenceHasEveryKey(t *testing.T) {
	_, lines, blocks := referenceLines(t)
	have := map[string]bool{}
	for _, l := range lines {
		have[l.key] = true
	}
	for kind, schema := range map[string]*hcl.BodySchema{
		"": rootGrammar, "director": directorGrammar, "vrrp": routerGrammar, "virtual_address": virtualAddressGrammar,
		"announce": announceGrammar, "virtual_server": serviceGrammar, "real_server": serverGrammar,
		"check": checkGrammars[CheckHTTP], "sysctl": sysctlGrammar, "control": controlGrammar, "log": logGrammar,
	} {
		arguments, inner := known(schema)
		for _, name := range arguments {
			if !have[kind+"."+name] {
				t.Errorf("the reference does not have %s.%s", kind, name)
			}
		}
		for _, name := range inner {
			if !blocks[name] {
				t.Errorf("the reference does not have a block %s", name)
			}
		}
	}
	http, _ := known(checkGrammars[CheckHTTP])
	tcp, _ := known(checkGrammars[CheckTCP])
	for _, name := range tcp {
		if !slices.Contains(http, name) {
			t.Errorf("a check \"tcp\" has %s, and the reference only shows those of \"http\"", name)
		}
	}
	for _, scheduler := range schedulers {
		text, _, _ := referenceLines(t)
		if !strings.Contains(strings.Join(text, "\n"), " "+scheduler+" ") && !strings.Contains(strings.Join(text, "\n"), " "+scheduler+",") {
			t.Errorf("the reference does not name the scheduler %s", scheduler)
		}
	}
}

// TestReferenceValuesAreTheDefaults takes each line of the reference out in turn: one
// whose value is the default makes no difference, one that is required is missed.
func TestReferenceValuesAreTheDefaults(t *testing.T) {
	text, lines, _ := referenceLines(t)
	ignore := cmp.Options{ignoreSources, cmpopts.IgnoreFields(Config{}, "Files", "Hash")}
	for _, director := range []string{"server04", "server05"} {
		whole := load(t, referencePath, director)
		for _, l := range lines {
			if l.example {
				continue
			}
			without := slices.Clone(text)
			without[l.number-1] = ""
			cfg, diags := Load(write(t, strings.Join(without, "\n")), Options{Director: director})
			if l.require {
				if !diags.HasErrors() {
					t.Errorf("line %d: %s is said to be required, and is not", l.number, l.key)
				}
				continue
			}
			if cfg == nil {
				t.Errorf("without line %d, %s:\n%s", l.number, l.key, render(t, diags))
			} else if diff := cmp.Diff(whole, cfg, ignore); diff != "" {
				t.Errorf("line %d: %s is not the default (-with +without):\n%s", l.number, l.key, diff)
			}
		}
	}
}
