package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func TestUnknownValueIsReportedUnlessSomethingElseIs(t *testing.T) {
	at := hcl.Range{Filename: "lbha.hcl", Start: hcl.Pos{Line: 7, Column: 3}}
	d := &decoder{ctx: &hcl.EvalContext{}}
	if _, ok := d.eval(hcl.StaticExpr(cty.UnknownVal(cty.String), at)); ok {
		t.Error("an unknown value passes for a known one")
	}
	d.explainUnknown()
	d.explainUnknown()
	if diff := cmp.Diff([]string{"7 ERROR: Unknown value"}, positions(&Diagnostics{list: d.diags})); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func TestLocalsComeAfterThoseThatTheyNeed(t *testing.T) {
	d := &decoder{locals: map[string]*local{
		"a": {name: "a", deps: []string{"c"}},
		"b": {name: "b"},
		"c": {name: "c", deps: []string{"d"}},
		"d": {name: "d", self: true},
	}}
	var order []string
	var self []string
	for _, l := range d.localOrder() {
		order = append(order, l.name)
		if l.self {
			self = append(self, l.name)
		}
	}
	if diff := cmp.Diff([]string{"d", "c", "a", "b"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"d", "c", "a"}, self); diff != "" {
		t.Errorf("those that need self (-want +got):\n%s", diff)
	}
}
