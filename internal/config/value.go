package config

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// found is what came of looking for an argument's value.
type found uint8

const (
	absent found = iota // not written, or null
	wrong               // written, and a mistake that has been reported
	fine
)

// value evaluates an argument.
func (b *block) value(name string) (cty.Value, found) {
	attr := b.attrs[name]
	if attr == nil {
		return cty.NilVal, absent
	}
	v, ok := b.d.eval(attr.Expr)
	switch {
	case !ok:
		return cty.NilVal, wrong
	case v.IsNull():
		return cty.NilVal, absent
	}
	return v, fine
}

// typed evaluates an argument that must be of a type. Nothing is converted: a number
// in quotes is a text.
func (b *block) typed(name string, want cty.Type) (cty.Value, found) {
	v, state := b.value(name)
	if state != fine || v.Type() == want {
		return v, state
	}
	mend := ""
	switch {
	case want == cty.String && (v.Type() == cty.Number || v.Type() == cty.Bool):
		mend = fmt.Sprintf(" Write %q, in quotes.", scalarText(v))
	case v.Type() == cty.String && want == cty.Number && looksNumeric(v.AsString()),
		v.Type() == cty.String && want == cty.Bool && (v.AsString() == "true" || v.AsString() == "false"):
		mend = fmt.Sprintf(" Write %s, without the quotes.", v.AsString())
	}
	b.mistake(name, "%s is wanted here, and this is %s.%s", upperFirst(noun(want)), noun(v.Type()), mend)
	return cty.NilVal, wrong
}

// text is an argument's text, def if it is absent, "" if it is wrong. ok is false only
// if it is wrong.
func (b *block) text(name, def string) (text string, ok bool) {
	v, state := b.typed(name, cty.String)
	switch state {
	case absent:
		return def, true
	case wrong:
		return "", false
	}
	return v.AsString(), true
}

// choice is one of a closed set, of which the first is the default; "" if it is wrong.
func (b *block) choice(name string, values ...string) string {
	text, ok := b.text(name, values[0])
	if !ok || slices.Contains(values, text) {
		return text
	}
	near := ""
	if n := nearest(text, values); n != "" {
		near = fmt.Sprintf(" Did you mean %q?", n)
	}
	b.mistake(name, "%q is not known; it must be %s.%s", text, oneOf(values), near)
	return ""
}

// boolean is true or false, def if it is absent.
func (b *block) boolean(name string, def bool) bool {
	v, state := b.typed(name, cty.Bool)
	if state != fine {
		return def
	}
	return v.True()
}

// integer is a whole number from low to high, def if it is absent. ok is false if it
// is wrong; then the number is 0.
func (b *block) integer(name string, def, low, high int) (n int, ok bool) {
	v, state := b.typed(name, cty.Number)
	switch state {
	case absent:
		return def, true
	case wrong:
		return 0, false
	}
	f := v.AsBigFloat()
	i, accuracy := f.Int64()
	switch {
	case f.IsInf() || f.Cmp(big.NewFloat(float64(low))) < 0 || f.Cmp(big.NewFloat(float64(high))) > 0:
		b.mistake(name, "%s is out of range; it must be %d to %d.", scalarText(v), low, high)
		return 0, false
	case accuracy != big.Exact:
		b.mistake(name, "%s is not a whole number; it must be %d to %d.", scalarText(v), low, high)
		return 0, false
	}
	return int(i), true
}

// duration is a time from low to high, def if it is absent, 0 if it is wrong. If zero
// is not "" then "0s" is allowed, too, and this is what it means.
func (b *block) duration(name string, def, low, high time.Duration, zero string) time.Duration {
	text, ok := b.durationText(name)
	switch {
	case !ok:
		return 0
	case text == "":
		return def
	}
	return b.parseDuration(name, text, low, high, zero)
}

// durationText is the text of an argument that is a duration; "" if it is absent.
func (b *block) durationText(name string) (string, bool) {
	v, state := b.value(name)
	switch {
	case state != fine:
		return "", state == absent
	case v.Type() == cty.String && v.AsString() != "":
		return v.AsString(), true
	case v.Type() == cty.Number:
		b.mistake(name, "A duration is a text with a unit: write \"%ss\" for seconds, or \"%sms\".", scalarText(v), scalarText(v))
	default:
		b.mistake(name, `A duration is a text with a unit, such as "250ms" or "1m30s".`)
	}
	return "", false
}

func (b *block) parseDuration(name, text string, low, high time.Duration, zero string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		b.mistake(name, `%q is not a duration; write a number with a unit, such as "250ms" or "1m30s".`, text)
		return 0
	}
	if d == 0 && zero != "" {
		return 0
	}
	if d < low || d > high {
		also := ""
		if zero != "" {
			also = fmt.Sprintf(", or 0s: %s", zero)
		}
		b.mistake(name, "%s is out of range; it must be %s to %s%s.", text, short(low), short(high), also)
		return 0
	}
	return d
}

// short is a duration without the zero units that Go appends: 1m, not 1m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// noun is a type as a person calls it.
func noun(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a text in quotes"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsTupleType(), t.IsListType(), t.IsSetType():
		return "a list"
	case t.IsObjectType(), t.IsMapType():
		return "an object"
	}
	return t.FriendlyName()
}

// scalarText is a number or a bool as it would be written.
func scalarText(v cty.Value) string {
	if v.Type() == cty.Bool {
		return fmt.Sprint(v.True())
	}
	return v.AsBigFloat().Text('g', 12)
}

func looksNumeric(s string) bool {
	_, err := cty.ParseNumberVal(s)
	return err == nil
}
