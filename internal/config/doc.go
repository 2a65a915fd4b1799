// Package config turns one HCL file, and those it includes, into a Config,
// or into every mistake in it at once.
//
// # Purpose
//
// The file is the same on both directors. Load reads it as one of them (self is
// that director's block), fills in the defaults, checks each value against its
// range and then the values against each other. What comes out needs no further
// checking: a Config is complete, or it is nil and the diagnostics say why. The
// diagnostics are in file order, each with file, line, column, the source line and
// how to mend it. One mistake neither hides another nor causes a second message:
// what could not be understood is carried on as unknown, and nothing is said about
// unknown things.
//
// A file that does not parse is the exception: only what the parser says about all
// files is reported, because what follows a missing brace cannot be judged.
//
// # How it is built
//
// files.go reads and parses within bounds, scope.go decides what local and self
// mean, body.go and value.go take single blocks and values, one file per kind of
// block takes that block, and cross_*.go compare what stands in different places.
// Bodies are decoded with hcl's own Content and a schema per block (grammar.go), not
// with gohcl: that evaluates and converts in one step, so a wrong reference becomes
// two messages, and its order is that of a Go map.
//
// Sources: interface.md and reference.hcl of the design for the keys, RFC 9568
// section 5.2 for the ranges of VRRP, ipvsadm(8) for those of IPVS.
//
// # Who may call it
//
// cmd/lbha and internal/director, from any goroutine: there is no state. It touches
// nothing but the files it reads and, for the function env, the environment.
package config
