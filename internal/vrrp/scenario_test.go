package vrrp_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/lbha/lbha/internal/vrrp"
)

var update = flag.Bool("update", false, "write the traces of the scenarios to their files")

// TestScenarios plays each testdata/*.txtar: a script of what happens to a few
// routers on a link, and the trace that it must leave. The comment of the file
// says what to look for. testdata/README.md has the commands of a script.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(ar.Files) == 0 || ar.Files[0].Name != "script" {
				t.Fatalf("%s does not begin with a script", file)
			}
			got := play(t, string(ar.Files[0].Data))
			if *update {
				ar.Files = append(ar.Files[:1], txtar.File{Name: "trace", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(ar.Files) != 2 || ar.Files[1].Name != "trace" {
				t.Fatalf("%s has no trace; make one with -update and read it", file)
			}
			if diff := cmp.Diff(string(ar.Files[1].Data), got); diff != "" {
				t.Errorf("trace (-want +got):\n%s", diff)
			}
		})
	}
}

// stage is a scenario being played.
type stage struct {
	*network
	out    bytes.Buffer
	living string    // the Active routers, as last printed
	since  time.Time // of living
}

func play(t *testing.T, script string) string {
	s := &stage{network: newNetwork(t, 1)}
	s.saw = s.trace
	for i, line := range strings.Split(script, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if f := strings.Fields(line); len(f) > 0 {
			if err := s.command(f); err != nil {
				t.Fatalf("line %d: %s: %v", i+1, line, err)
			}
		}
	}
	for _, n := range s.nodes {
		s.summary(n)
	}
	return s.out.String()
}

// command runs one line: a declaration, or a time and what happens then.
func (s *stage) command(f []string) error {
	switch f[0] {
	case "router":
		n := s.add(f[1], netip.MustParseAddr(f[2]), config())
		return settings(&n.cfg, f[3:])
	case "link":
		return s.link(f[1:])
	}
	at, err := time.ParseDuration(f[0])
	if err != nil {
		return err
	}
	if s.run(epoch.Add(at)); f[1] == "end" {
		return nil
	}
	s.print("%s", strings.Join(f[1:], " "))
	defer s.whoIsActive()
	switch f[1] {
	case "heal":
		for _, n := range s.nodes {
			n.side = 0
		}
		return nil
	case "link":
		return s.link(f[2:])
	}
	n := s.node(f[2])
	if n == nil {
		return fmt.Errorf("no router %s", f[2])
	}
	return s.act(n, f[1], f[3:])
}

// act does something to one router.
func (s *stage) act(n *node, verb string, args []string) (err error) {
	switch verb {
	case "start":
		var listen time.Duration
		if len(args) > 0 {
			listen, err = time.ParseDuration(args[0])
		}
		s.start(n, listen)
	case "stop":
		s.give(n, vrrp.Shutdown{})
		s.crash(n)
	case "crash":
		s.crash(n)
	case "freeze":
		n.frozen = true
	case "wake":
		s.wake(n, false)
	case "cut":
		n.side = 1
	case "linkdown":
		s.give(n, vrrp.LinkDown{Why: strings.Join(args, " ")})
	case "linkup":
		s.give(n, vrrp.LinkUp{Source: n.addr})
	case "hold", "release":
		s.give(n, vrrp.HoldPreempt{On: verb == "hold"})
	case "priority":
		p, perr := strconv.ParseUint(args[0], 10, 8)
		s.give(n, vrrp.SetPriority{Priority: uint8(p)})
		err = perr
	case "set":
		err = settings(&n.cfg, args)
		s.give(n, vrrp.Reconfigure{Config: n.cfg})
	default:
		err = fmt.Errorf("no command %s", verb)
	}
	return err
}

func (s *stage) node(name string) *node {
	for _, n := range s.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

// settings reads KEY=VALUE words into a configuration.
func settings(c *vrrp.Config, words []string) (err error) {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "priority":
			var p uint64
			p, err = strconv.ParseUint(value, 10, 8)
			c.Priority = uint8(p)
		case "interval":
			c.Interval, err = time.ParseDuration(value)
		case "preempt":
			c.Preempt, err = strconv.ParseBool(value)
		case "checksum":
			c.Checksum = vrrp.ChecksumRFC9568
			if value == vrrp.ChecksumPseudoHeader.String() {
				c.Checksum = vrrp.ChecksumPseudoHeader
			}
		default:
			err = fmt.Errorf("no setting %s", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) link(words []string) (err error) {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "delay":
			s.delay, err = time.ParseDuration(value)
		case "spread":
			s.spread, err = time.ParseDuration(value)
		case "loss":
			s.loss, err = strconv.ParseFloat(value, 64)
		case "dup":
			s.dup, err = strconv.ParseFloat(value, 64)
		default:
			err = fmt.Errorf("no setting %s", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
