package health

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// StatusSet is a set of HTTP status codes. The zero value is empty.
type StatusSet struct {
	ranges []statusRange // sorted, apart from each other
}

type statusRange struct{ first, last int }

// The codes a set may hold, RFC 9110 section 15.
const (
	minStatus = 100
	maxStatus = 599
)

// ParseStatusSet reads a set as in "200-299,301": codes and ranges of codes from
// 100 to 599, with commas between them; spaces are allowed around each.
func ParseStatusSet(text string) (StatusSet, error) {
	if strings.TrimSpace(text) == "" {
		return StatusSet{}, errors.New("no status code is given; write one as in 200 or 200-299,301")
	}
	var set StatusSet
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseStatusRange(part)
		if err != nil {
			return StatusSet{}, err
		}
		set.ranges = append(set.ranges, r)
	}
	set.normalize()
	return set, nil
}

func parseStatusRange(text string) (statusRange, error) {
	from, to, isRange := strings.Cut(text, "-")
	first, err := parseStatus(from)
	if err != nil {
		return statusRange{}, err
	}
	if !isRange {
		return statusRange{first, first}, nil
	}
	last, err := parseStatus(to)
	if err != nil {
		return statusRange{}, err
	}
	if last < first {
		return statusRange{}, fmt.Errorf("range %d-%d runs backwards", first, last)
	}
	return statusRange{first, last}, nil
}

func parseStatus(text string) (int, error) {
	text = strings.TrimSpace(text)
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	if len(text) != 3 || strings.TrimFunc(text, isDigit) != "" {
		return 0, fmt.Errorf("%q is not a status code of three digits", text)
	}
	code, err := strconv.Atoi(text)
	if err != nil || code < minStatus || code > maxStatus {
		return 0, fmt.Errorf("status %s is out of range; it must be %d to %d", text, minStatus, maxStatus)
	}
	return code, nil
}

// normalize sorts the ranges and joins those that touch.
func (s *StatusSet) normalize() {
	slices.SortFunc(s.ranges, func(a, b statusRange) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	joined := s.ranges[:1]
	for _, r := range s.ranges[1:] {
		if end := &joined[len(joined)-1]; r.first <= end.last+1 {
			end.last = max(end.last, r.last)
		} else {
			joined = append(joined, r)
		}
	}
	s.ranges = joined
}

// Contains tells whether the set holds the code.
func (s StatusSet) Contains(code int) bool {
	return slices.ContainsFunc(s.ranges, func(r statusRange) bool {
		return r.first <= code && code <= r.last
	})
}

// IsZero tells whether the set is empty.
func (s StatusSet) IsZero() bool { return len(s.ranges) == 0 }

// String writes the set in the form that ParseStatusSet reads, sorted and with
// what touches joined; the empty set is "".
func (s StatusSet) String() string {
	var b strings.Builder
	for i, r := range s.ranges {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(r.first))
		if r.last > r.first {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(r.last))
		}
	}
	return b.String()
}
