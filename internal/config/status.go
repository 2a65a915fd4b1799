package config

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// status takes one status or a list of them, each a number or a range in a text.
func (b *block) status() []StatusRange {
	const want = `a status such as 200, a range such as "200-299", or a list of these`
	v, state := b.value("status")
	if state != fine {
		return []StatusRange{{200, 299}}
	}
	values := []cty.Value{v}
	if t := v.Type(); t.IsTupleType() || t.IsListType() || t.IsSetType() {
		values = v.AsValueSlice()
	}
	var ranges []StatusRange
	for _, v := range values {
		r, ok := statusRange(v)
		if !ok {
			b.mistake("status", "Wanted is %s, within 100 to 599.", want)
			return nil
		}
		ranges = append(ranges, r)
	}
	if len(ranges) == 0 {
		b.mistake("status", "The list is empty, so no answer would be good; wanted is %s.", want)
	}
	slices.SortFunc(ranges, func(a, b StatusRange) int {
		return cmp.Or(cmp.Compare(a.Low, b.Low), cmp.Compare(a.High, b.High))
	})
	return ranges
}

// statusRange takes 200, "200" or "200-299".
func statusRange(v cty.Value) (StatusRange, bool) {
	if v.IsNull() {
		return StatusRange{}, false
	}
	low, high := 0, 0
	switch v.Type() {
	case cty.Number:
		n, accuracy := v.AsBigFloat().Int64()
		if accuracy != big.Exact || n > 599 {
			return StatusRange{}, false
		}
		low, high = int(n), int(n)
	case cty.String:
		from, to, isRange := strings.Cut(v.AsString(), "-")
		if !isRange {
			to = from
		}
		var err1, err2 error
		low, err1 = strconv.Atoi(from)
		high, err2 = strconv.Atoi(to)
		if err1 != nil || err2 != nil {
			return StatusRange{}, false
		}
	default:
		return StatusRange{}, false
	}
	return StatusRange{low, high}, low >= 100 && low <= high && high <= 599
}
