package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// The ranges and defaults of a check block.
const (
	defaultCheckInterval = 2 * time.Second
	defaultCheckTimeout  = time.Second
	defaultRise          = 2
	defaultFall          = 3
	maxInARow            = 1000
	maxChecks            = 32 // of one server

	minCheckInterval = 10 * time.Millisecond
	maxCheckInterval = 24 * time.Hour
)

// checks takes the check blocks of a service or a server.
func (d *decoder) checks(b *block) []Check {
	var checks []Check
	count := map[string]int{}
	seen := map[string]hcl.Range{}
	for i, blk := range b.blocks["check"] {
		if i == maxChecks {
			d.errorf(blk.DefRange, "Too many checks", "A server has at most %d checks.", maxChecks)
			break
		}
		kind := blk.Labels[0]
		schema, ok := checkGrammars[kind]
		if !ok {
			kinds := []string{CheckHTTP, CheckTCP}
			d.errorf(blk.LabelRanges[0], "Unknown check", "There is no check %q.%s", kind, hint(kind, kinds, "The kinds of check are", ""))
			continue
		}
		c := d.check(blk, schema)
		if count[kind]++; count[kind] > 1 {
			c.Name = fmt.Sprintf("%s-%d", kind, count[kind])
		}
		if first, ok := seen[c.spec()]; ok && c.Interval != 0 {
			d.errorf(blk.DefRange, "Duplicate check", "It is the same as the one at %s; leave one out, or let them differ.", first)
		}
		seen[c.spec()] = blk.DefRange
		checks = append(checks, c)
	}
	return checks
}

// spec is equal for checks that do the same, whatever they are called.
func (c Check) spec() string {
	http := HTTPCheck{}
	if c.HTTP != nil {
		http = *c.HTTP
	}
	c.Name, c.Src, c.HTTP = "", Source{}, nil
	return fmt.Sprintf("%+v %+v", c, http)
}

func (d *decoder) check(blk *hcl.Block, schema *hcl.BodySchema) Check {
	b := d.openBlock(blk, schema)
	c := Check{Name: b.label, Kind: b.label, Src: b.src}
	c.Interval = b.duration("interval", defaultCheckInterval, minCheckInterval, maxCheckInterval, "")
	c.Timeout = b.duration("timeout", defaultCheckTimeout, time.Millisecond, maxCheckInterval, "")
	c.FastInterval = b.duration("fast_interval", c.Interval, minCheckInterval, maxCheckInterval, "")
	c.Rise, _ = b.integer("rise", defaultRise, 1, maxInARow)
	c.Fall, _ = b.integer("fall", defaultFall, 1, maxInARow)
	c.Port, _ = b.integer("port", 0, 1, 65535)
	c.Source = b.host("source")
	b.checkTimes(c)
	if c.Kind == CheckHTTP {
		c.HTTP = b.http()
	}
	return c
}

// checkTimes compares a check's times with each other, as far as they are known.
func (b *block) checkTimes(c Check) {
	if c.Interval == 0 {
		return
	}
	if c.Timeout > c.Interval {
		at, whose := "timeout", "The timeout"
		if !b.has(at) {
			at, whose = "interval", "The default timeout"
		}
		b.d.errorf(b.src.At(at), "Invalid timeout",
			"%s of %s is longer than the interval of %s, so a silent server would never fail inside it; write timeout = %q or less.",
			whose, short(c.Timeout), short(c.Interval), short(c.Interval))
	}
	if c.FastInterval > c.Interval {
		b.mistake("fast_interval", "%s is longer than the interval of %s; it is for looking more often while a verdict is changing.",
			short(c.FastInterval), short(c.Interval))
	}
}

func (b *block) http() *HTTPCheck {
	h := &HTTPCheck{Method: b.choice("method", "GET", "HEAD", "OPTIONS"), Status: b.status()}
	var ok bool
	if h.Path, ok = b.text("path", "/healthz"); ok {
		if !strings.HasPrefix(h.Path, "/") || strings.ContainsFunc(h.Path, notInURL) {
			b.mistake("path", "%q is not a path such as \"/healthz\": it begins with / and has neither spaces nor #; others than ASCII are written as %%XX.", h.Path)
		}
	}
	if h.Host, ok = b.text("host", ""); ok && b.has("host") {
		if h.Host == "" || strings.ContainsFunc(h.Host, notInURL) || strings.ContainsAny(h.Host, "/?@") {
			b.mistake("host", `%q is not a host such as "www.example.com" or "www.example.com:8080".`, h.Host)
		}
	}
	return h
}

// notInURL reports what cannot stand in a request line or a Host header.
func notInURL(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }
