package ipvs

import (
	"slices"
	"time"
)

// state is what Run remembers between passes: enough to know what to look at
// next, to tell drift from a change of mind, and to show. What is in the kernel
// it reads again before it writes.
type state struct {
	services   map[ServiceKey]*memory
	want       Table        // of the generation below
	generation uint64       // the Set whose differences are marked dirty
	resync     time.Time    // the next one begins
	queue      []ServiceKey // what this one has still to read

	err   error     // about the kernel as a whole
	tries int       // in a row that ended in err
	retry time.Time // not before, after err

	synced     time.Time
	drift      [NumDriftKinds]uint64
	operations [NumOpKinds]OpCount
}

// memory is what is remembered of one service.
type memory struct {
	have    Service // as the last pass left it in the kernel
	present bool    // whether it is there at all
	trusted bool    // have is not just what was last shown, but certain
	dirty   bool    // to be looked at even before the next resync

	tries    int
	retry    time.Time
	failures []Failure
}

// due takes a new wanted table in and gives the services to look at now, in
// order: those whose want changed, those whose last try failed long enough ago,
// and one of those that the resync still has to read. One, so that a verdict
// never waits for more than one reading.
func (s *state) due(want Table, generation uint64, owned map[ServiceKey]bool, now time.Time, resync time.Duration) []ServiceKey {
	if generation != s.generation {
		s.mark(want)
		s.want, s.generation = want, generation
	}
	for key := range owned {
		s.remember(key)
	}
	if s.err != nil && now.Before(s.retry) {
		return nil
	}
	var keys, rest []ServiceKey
	for key, m := range s.services {
		switch {
		case m.dirty, m.tries > 0 && !now.Before(m.retry):
			keys = append(keys, key)
		case m.tries == 0:
			rest = append(rest, key)
		}
	}
	if len(s.queue) == 0 && !now.Before(s.resync) {
		s.resync = now.Add(resync)
		s.queue = rest
		slices.SortFunc(s.queue, ServiceKey.Compare)
	}
	for len(s.queue) > 0 {
		key := s.queue[0]
		s.queue = s.queue[1:]
		if m, ours := s.services[key]; ours && m.tries == 0 && !slices.Contains(keys, key) {
			keys = append(keys, key)
			break
		}
	}
	slices.SortFunc(keys, ServiceKey.Compare)
	return keys
}

// mark makes those services dirty that differ between the old wanted table and
// the new one, and forgets how often they failed.
func (s *state) mark(want Table) {
	for key, w := range want {
		old, ok := s.want[key]
		if m := s.remember(key); !ok || !w.equal(old, key.AddrFamily()) {
			m.dirty, m.tries = true, 0
		}
	}
	for key := range s.want {
		if _, ok := want[key]; !ok {
			m := s.remember(key)
			m.dirty, m.tries = true, 0
		}
	}
}

// remember gives the memory of a service, a dirty one if it is new.
func (s *state) remember(key ServiceKey) *memory {
	m, ok := s.services[key]
	if !ok {
		m = &memory{dirty: true}
		s.services[key] = m
	}
	return m
}

// clean reports whether the kernel was left as wanted.
func (s *state) clean() bool {
	if s.err != nil {
		return false
	}
	for _, m := range s.services {
		if m.dirty || m.tries > 0 {
			return false
		}
	}
	return true
}

// next is when something is due again without a Set. The zero time is now.
func (s *state) next() time.Time {
	if s.err != nil {
		return s.retry
	}
	if len(s.queue) > 0 {
		return time.Time{}
	}
	next := s.resync
	for _, m := range s.services {
		if m.tries > 0 && m.retry.Before(next) {
			next = m.retry
		}
	}
	return next
}

// failed notes an error about the kernel as a whole.
func (s *state) failed(err error, now time.Time) {
	s.err = err
	s.tries++
	s.retry = now.Add(retryAfter(s.tries))
}

// table gives our services as they were last seen.
func (s *state) table() Table {
	t := make(Table, len(s.services))
	for key, m := range s.services {
		if m.present {
			t[key] = m.have
		}
	}
	return t
}
