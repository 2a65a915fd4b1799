package health

import "time"

// Verdict is what a gate holds a server for.
type Verdict uint8

// The verdicts.
const (
	Pending Verdict = iota // not decided yet: out of the pool on a cold start, left as it is on a warm one
	Up                     // may have traffic
	Down                   // must not have traffic
)

// String returns "pending", "up" or "down", "invalid" for anything else.
func (v Verdict) String() string {
	switch v {
	case Pending:
		return "pending"
	case Up:
		return "up"
	case Down:
		return "down"
	default:
		return "invalid"
	}
}

// MarshalText writes what String returns, for JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// GateConfig is the rule of one gate.
type GateConfig struct {
	Rise int  // good results in a row that bring a server back, 1 or more; less counts as 1
	Fall int  // bad results in a row that take a server out, 1 or more; less counts as 1
	Warm bool // the server is in traffic already: the first bad result alone does not take it out
}

// Gate turns the results of one check into a verdict. It is pure and has one owner.
//
// A cold gate is decided by its first result, whatever Rise and Fall are. A
// warm one stays Pending until one good result or Fall bad ones. After that,
// Fall bad results in a row turn Up to Down, and Rise good ones Down to Up.
// Local results count for nothing.
type Gate struct {
	cfg     GateConfig
	verdict Verdict
	streak  int // results in a row against the verdict, or, while a warm gate is Pending, bad ones
	since   time.Time
	flaps   uint64
}

// NewGate returns a gate in Pending.
func NewGate(cfg GateConfig) *Gate {
	cfg.Rise, cfg.Fall = max(cfg.Rise, 1), max(cfg.Fall, 1)
	return &Gate{cfg: cfg}
}

// Observe takes in the result of one probe that ended at now. It returns the
// verdict that holds from then on, and whether that is another than before.
func (g *Gate) Observe(r Result, now time.Time) (Verdict, bool) {
	if r.Local {
		return g.verdict, false
	}
	to := Down
	if r.OK {
		to = Up
	}
	if to == g.verdict {
		g.streak = 0
		return g.verdict, false
	}
	g.streak++
	if g.streak < g.needed(to) {
		return g.verdict, false
	}
	if g.verdict != Pending {
		g.flaps++
	}
	g.verdict, g.since, g.streak = to, now, 0
	return to, true
}

// needed returns how many results in a row lead from the present verdict to another.
func (g *Gate) needed(to Verdict) int {
	switch {
	case g.verdict == Pending && (to == Up || !g.cfg.Warm):
		return 1
	case to == Up:
		return g.cfg.Rise
	default:
		return g.cfg.Fall
	}
}

// Verdict returns the verdict that holds.
func (g *Gate) Verdict() Verdict { return g.verdict }

// Since returns when the verdict was reached, zero while Pending.
func (g *Gate) Since() time.Time { return g.since }

// Changing tells whether the last results speak against the verdict, but are
// not enough yet to change it. Probes go at FastInterval meanwhile.
func (g *Gate) Changing() bool { return g.streak > 0 }

// Flaps returns how often the verdict has gone from Up to Down or back. The
// first verdict is not counted.
func (g *Gate) Flaps() uint64 { return g.flaps }
