package arp

import (
	"fmt"
	"log/slog"
)

// A link has the socket of one interface index.
type link struct {
	conn    Conn   // nil: must be opened
	failing string // the last error that was logged; "": none
	down    error  // why this pass sends no more here
}

// links holds a socket for each interface on which there are claims.
type links struct {
	log  *slog.Logger
	dial func(link string, index int) (Conn, error)
	open map[int]*link
}

// keep closes the links on which the table has no claim.
func (ls *links) keep(t table) {
	used := make(map[int]bool, len(ls.open))
	for _, e := range t {
		used[e.claim.Index] = true
	}
	for index, l := range ls.open {
		if !used[index] {
			l.close()
			delete(ls.open, index)
		}
	}
}

func (ls *links) closeAll() { ls.keep(nil) }

// newPass gives links that failed in the last pass another try.
func (ls *links) newPass() {
	for _, l := range ls.open {
		l.down = nil
	}
}

// send sends a frame on the claim's link. After an error the link sends
// nothing more in this pass: what holds one frame up would hold up each, and
// with them the other links.
func (ls *links) send(c Claim, frame []byte) error {
	l := ls.open[c.Index]
	if l == nil {
		l = new(link)
		ls.open[c.Index] = l
	}
	if l.down != nil {
		return l.down
	}
	if err := ls.try(l, c, frame); err != nil {
		l.down = fmt.Errorf("announce on %s: %w", c.Link, err)
		if text := err.Error(); text != l.failing {
			l.failing = text
			ls.log.Warn("announcements cannot be sent", "iface", c.Link, "vip", c.Addr, "err", err)
		}
		return l.down
	}
	if l.failing != "" {
		l.failing = ""
		ls.log.Info("announcements are sent again", "iface", c.Link)
	}
	return nil
}

// try sends a frame. After an error the next attempt has a new socket.
func (ls *links) try(l *link, c Claim, frame []byte) error {
	if l.conn == nil {
		conn, err := ls.dial(c.Link, c.Index)
		if err != nil {
			return err
		}
		l.conn = conn
	}
	if err := l.conn.Send(frame); err != nil {
		l.close()
		return err
	}
	return nil
}

func (l *link) close() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}
