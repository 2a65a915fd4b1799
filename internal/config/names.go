package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
)

// names finds labels of one kind that occur twice or cannot be names.
type names struct {
	d     *decoder
	kind  string
	first map[string]hcl.Range
}

// add takes the next label, and reports it if it is not a name or is there already.
func (n *names) add(name string, at hcl.Range) {
	if n.first == nil {
		n.first = map[string]hcl.Range{}
	}
	if why := badName(name); why != "" {
		n.d.errorf(at, "Invalid "+n.kind+" name", "%s", why)
		return
	}
	if first, ok := n.first[name]; ok {
		n.d.errorf(at, "Duplicate "+n.kind, "%q is the name of another one, at %s.", name, first)
		return
	}
	n.first[name] = at
}

// badName says why a text cannot name something. Names are written in commands as
// SERVICE/SERVER and are labels of metrics.
func badName(name string) string {
	if name == "" {
		return "A name is at least one character long."
	}
	if len(name) > 64 {
		return "A name has at most 64 bytes."
	}
	for _, r := range name {
		if unicode.IsSpace(r) || unicode.IsControl(r) || !unicode.IsPrint(r) || strings.ContainsRune(`/"\*,`, r) {
			return fmt.Sprintf("A name does not contain %q.", r)
		}
	}
	return ""
}

// hint is a sentence about what is known, and which of it was perhaps meant. lead
// begins it, and prefix is written before each name.
func hint(name string, known []string, lead, prefix string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf(" Did you mean %s%s?", prefix, near)
	}
	if len(known) == 0 {
		return " " + lead + " none."
	}
	const most = 20
	more := ""
	if len(known) > most {
		more = fmt.Sprintf(" and %d more", len(known)-most)
		known = known[:most]
	}
	return " " + lead + " " + prefix + strings.Join(known, ", "+prefix) + more + "."
}

// nearest is the known name that differs from name by at most two letters, and by
// less than half of them, or "".
func nearest(name string, known []string) string {
	best, bestDistance := "", 3
	for _, k := range known {
		if abs(len(k)-len(name)) >= bestDistance {
			continue
		}
		if dist := distance(name, k); dist < bestDistance && 2*dist < max(len(k), 2) {
			best, bestDistance = k, dist
		}
	}
	return best
}

// distance is the Levenshtein distance of two short texts.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func abs(n int) int { return max(n, -n) }

// oneOf is `a, b or c`.
func oneOf(values []string) string {
	values = slices.Clone(values)
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
