package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// block is one block's content, taken by its grammar.
type block struct {
	d      *decoder
	kind   string // how texts call it: "a vrrp block"
	label  string
	src    Source
	attrs  hcl.Attributes
	blocks map[string]hcl.Blocks
	// broken: blocks in it were not understood, so nothing is said about blocks that
	// seem to be missing. meant are names that were probably misspelt.
	broken bool
	meant  map[string]bool
}

// openBlock takes a block's content by its grammar.
func (d *decoder) openBlock(blk *hcl.Block, s *hcl.BodySchema) *block {
	kind := withArticle(blk.Type)
	if blk.Type == "check" {
		kind += fmt.Sprintf(" %q", blk.Labels[0]) // its label says what is known in it
	}
	b := d.open(kind+" block", blk.Body, blk.DefRange, s)
	if len(blk.Labels) > 0 {
		b.label, b.src.Label = blk.Labels[0], blk.LabelRanges[0]
	}
	return b
}

// open takes a body by its grammar. What the grammar does not know is reported.
func (d *decoder) open(kind string, body hcl.Body, header hcl.Range, s *hcl.BodySchema) *block {
	content, diags := body.Content(s)
	b := &block{
		d: d, kind: kind, attrs: content.Attributes, blocks: content.Blocks.ByType(),
		src:   Source{Block: header, Values: map[string]hcl.Range{}},
		meant: map[string]bool{},
	}
	for name, attr := range content.Attributes {
		b.src.Values[name] = attr.Expr.Range()
	}
	if header == (hcl.Range{}) {
		s = rootGrammar // the grammar that the whole file has
	}
	for _, diag := range diags {
		if !b.unsupported(diag, s) {
			b.broken = true
		}
	}
	d.add(diags)
	return b
}

// unsupported says what is known in a block beside the name that is not. It returns
// false if the diagnostic is about something else.
func (b *block) unsupported(diag *hcl.Diagnostic, s *hcl.BodySchema) bool {
	if diag.Summary != "Unsupported argument" && diag.Summary != "Unsupported block type" {
		return false
	}
	at := placeKey{diag.Subject.Filename, diag.Subject.Start.Byte}
	if b.d.src.dynamic[at] {
		return false // in what belongs to a dynamic block itself
	}
	name := string(diag.Subject.SliceBytes(b.d.src.files[at.file].Bytes))
	name = strings.Trim(name, `"`)
	arguments, blocks := known(s)
	what, same, other, otherIs := "argument", arguments, blocks, "a block: write %s { … }"
	if diag.Summary == "Unsupported block type" {
		what, same, other, otherIs = "block", blocks, arguments, "an argument: write %s = …"
	}
	text := fmt.Sprintf("There is no %s %q in %s.", what, name, b.kind)
	if near := nearest(name, same); near != "" {
		text += fmt.Sprintf(" Did you mean %q?", near)
		b.meant[near] = true
	} else if nearest(name, other) == name {
		text += fmt.Sprintf(" It is "+otherIs+".", name)
		b.meant[name] = true
	}
	if len(arguments) > 0 {
		text += " Known arguments: " + strings.Join(arguments, ", ") + "."
	}
	if len(blocks) > 0 {
		text += " Known blocks: " + strings.Join(blocks, ", ") + "."
	}
	diag.Detail = text
	return true
}

// one is the block of a kind that may be there once, or nil.
func (b *block) one(kind string) *hcl.Block {
	blocks := b.blocks[kind]
	if len(blocks) == 0 {
		return nil
	}
	for _, second := range blocks[1:] {
		b.d.errorf(second.DefRange, "Duplicate "+kind+" block",
			"There is one already, at %s; put everything into that one.", blocks[0].DefRange)
	}
	return blocks[0]
}

// lacks reports whether a kind of block is missing for sure.
func (b *block) lacks(kind string) bool {
	return len(b.blocks[kind]) == 0 && !b.broken && !b.meant[kind]
}

// has reports whether an argument was written, rightly or not.
func (b *block) has(name string) bool { return b.attrs[name] != nil }

// need reports an argument that is missing, and whether it is there.
func (b *block) need(name, example string) bool {
	if b.has(name) {
		return true
	}
	if !b.meant[name] {
		b.d.errorf(b.src.Block, "Missing "+name, "%s needs %s, for example %s = %s.", upperFirst(b.kind), name, name, example)
	}
	return false
}

// mistake reports a value that is wrong.
func (b *block) mistake(name, format string, args ...any) {
	b.d.errorf(b.src.At(name), "Invalid "+name, format, args...)
}

func (d *decoder) errorf(at hcl.Range, summary, format string, args ...any) {
	d.report(hcl.DiagError, at, summary, format, args...)
}

func (d *decoder) warnf(at hcl.Range, summary, format string, args ...any) {
	d.report(hcl.DiagWarning, at, summary, format, args...)
}

// report adds a diagnostic. An argument that is a Range is written as a place, short
// if it is in the same file.
func (d *decoder) report(severity hcl.DiagnosticSeverity, at hcl.Range, summary, format string, args ...any) {
	for i, arg := range args {
		if r, ok := arg.(hcl.Range); ok {
			args[i] = placeText(at, r)
		}
	}
	d.diags = append(d.diags, &hcl.Diagnostic{
		Severity: severity, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &at})
}

func placeText(at, r hcl.Range) string {
	text := fmt.Sprintf("line %d, column %d", r.Start.Line, r.Start.Column)
	if r.Filename != at.Filename {
		text = r.Filename + " " + text
	}
	return text
}

// add takes over what hcl found, without what only follows from another mistake.
func (d *decoder) add(diags hcl.Diagnostics) {
	for i, diag := range diags {
		switch {
		case misspelt(diag, diags[i+1:]):
			continue
		case diag.Summary == "Invalid dynamic block label" && strings.Contains(diag.Detail, "not yet known"):
			// The blocks are made from something unknown.
			d.noteUnknown(*diag.Subject)
			continue
		case strings.HasPrefix(diag.Summary, "Missing ") && strings.Contains(diag.Summary, " for "):
			what, kind, _ := strings.Cut(strings.TrimPrefix(diag.Summary, "Missing "), " for ")
			diag.Detail = fmt.Sprintf("Write it between the word and the brace: %s %q { … }.", kind, strings.ToUpper(what))
		case diag.Summary == "Unknown variable":
			diag.Detail += " A plain text is written in quotes."
		}
		d.diags = append(d.diags, diag)
	}
}

// misspelt reports whether what a dynamic block misses is there under a name that hcl,
// in the diagnostics that follow at once, believes to be a slip.
func misspelt(missing *hcl.Diagnostic, following hcl.Diagnostics) bool {
	if missing.Summary != "Missing required argument" {
		return false
	}
	for _, diag := range following {
		_, name, slip := strings.Cut(diag.Detail, "Did you mean ")
		if slip && diag.Summary == "Unsupported argument" && strings.Contains(missing.Detail, strings.TrimSuffix(name, "?")) {
			return true
		}
		if diag.Summary != "Unsupported argument" && diag.Summary != "Missing required argument" {
			return false
		}
	}
	return false
}

func withArticle(noun string) string {
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
