// Package show writes what a person reads: the director's status and the results of probes, as aligned text.
//
// It is pure but for the writer it is given: values in, text out, no clock and no terminal of its own. Colour is never
// the only sign of anything.
package show
