package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parser and the evaluator of HCL recurse, and a Go stack that overflows ends the
// process without a chance to recover. So brackets deeper than maxDepth, and
// expressions of more operators than maxOperators, are refused before the parser sees
// them. No configuration comes near either.
const (
	maxDepth     = 100
	maxOperators = 1000
)

// level is one open bracket, or the file itself.
type level struct {
	operators int  // in the expression so far, with what it began in
	lines     bool // a line's end ends the expression: in a block or an object
}

// checkNesting scans tokens, which needs no recursion, and returns a diagnostic for
// the first place that is too deep, or nil.
func checkNesting(src []byte, name string) *hcl.Diagnostic {
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	levels := []level{{lines: true}}
	for i, tok := range tokens {
		top := &levels[len(levels)-1]
		if operates(tok.Type) {
			top.operators++
		}
		switch {
		case opens(tok.Type):
			inner := level{operators: top.operators}
			inner.lines = tok.Type == hclsyntax.TokenOBrace && !isFor(tokens[i+1:])
			levels = append(levels, inner)
		case closes(tok.Type) && len(levels) > 1:
			levels = levels[:len(levels)-1]
		case tok.Type == hclsyntax.TokenComma, tok.Type == hclsyntax.TokenNewline && top.lines:
			top.operators = 0
			if n := len(levels); n > 1 {
				top.operators = levels[n-2].operators
			}
		}
		if len(levels) > maxDepth {
			return tooDeep(tok.Range, fmt.Sprintf("Brackets, blocks and templates are nested at most %d deep.", maxDepth))
		}
		if top.operators > maxOperators {
			return tooDeep(tok.Range, fmt.Sprintf("An expression has at most %d operators.", maxOperators))
		}
	}
	return nil
}

// isFor reports whether what follows an opening brace is a for expression, whose
// lines go on into each other.
func isFor(tokens hclsyntax.Tokens) bool {
	for _, tok := range tokens {
		if tok.Type != hclsyntax.TokenNewline && tok.Type != hclsyntax.TokenComment {
			return tok.Type == hclsyntax.TokenIdent && string(tok.Bytes) == "for"
		}
	}
	return false
}

func tooDeep(at hcl.Range, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Too complex", Detail: detail, Subject: &at}
}

func opens(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
		hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return true
	}
	return false
}

func closes(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
		hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
		return true
	}
	return false
}

// operates reports whether a token makes an expression one recursion deeper without
// needing a bracket that stays open. An index and a template's directive are such too.
func operates(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenOBrack, hclsyntax.TokenTemplateControl:
		return true
	case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash,
		hclsyntax.TokenPercent, hclsyntax.TokenQuestion, hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenEqualOp,
		hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan,
		hclsyntax.TokenGreaterThanEq:
		return true
	}
	return false
}
