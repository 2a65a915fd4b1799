package health

// Require says which of a server's checks have to pass.
type Require uint8

// The requirements.
const (
	All Require = iota // every check; the default
	Any                // one check is enough
)

// String returns "all" or "any", "invalid" for anything else.
func (r Require) String() string {
	switch r {
	case All:
		return "all"
	case Any:
		return "any"
	default:
		return "invalid"
	}
}

// Combine returns the verdict on a server from those of its checks. It is
// Pending as long as a check that is still Pending could decide it. A server
// without checks is Up.
func Combine(require Require, verdicts []Verdict) Verdict {
	// One verdict of this kind decides; without it, all the others do.
	decisive, otherwise := Down, Up
	if require == Any && len(verdicts) > 0 {
		decisive, otherwise = Up, Down
	}
	for _, v := range verdicts {
		switch v {
		case decisive:
			return decisive
		case Pending:
			otherwise = Pending
		}
	}
	return otherwise
}
