package vip

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

type linuxMonitor struct {
	handle *netlink.Handle
}

// OpenMonitor connects to the links of the network namespace that the calling
// thread is in. Subscribe must be called in that namespace too. It needs no
// privilege.
func OpenMonitor() (Monitor, error) {
	h, err := openHandle()
	if err != nil {
		return nil, err
	}
	return &linuxMonitor{handle: h}, nil
}

func (m *linuxMonitor) Links() (Links, error) {
	links, err := whole(m.handle.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	addrs, err := whole(func() ([]netlink.Addr, error) { return m.handle.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("list addresses of links: %w", err)
	}
	byIndex := map[int][]LinkAddr{}
	for _, a := range addrs {
		if p, ok := prefixOf(a); ok {
			byIndex[a.LinkIndex] = append(byIndex[a.LinkIndex], LinkAddr{
				Prefix: p,
				// The same bit means temporary for IPv6.
				Secondary: p.Addr().Is4() && a.Flags&unix.IFA_F_SECONDARY != 0,
				Global:    a.Scope == unix.RT_SCOPE_UNIVERSE,
			})
		}
	}
	out := make(Links, len(links))
	for _, l := range links {
		at := l.Attrs()
		const working = unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOWER_UP
		out[at.Name] = LinkState{
			Index: at.Index,
			Up:    at.RawFlags&unix.IFF_UP != 0,
			// IFF_RUNNING is the kernel's word for operstate up or unknown.
			OperUp: at.RawFlags&working == working,
			MTU:    at.MTU,
			MAC:    at.HardwareAddr,
			Addrs:  byIndex[at.Index],
		}
	}
	return out, nil
}

func (m *linuxMonitor) Subscribe(ctx context.Context) (<-chan struct{}, error) {
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	if err != nil {
		return nil, fmt.Errorf("subscribe to link events: %w", err)
	}
	stop := context.AfterFunc(ctx, s.Close)
	events := make(chan struct{}, 1)
	go func() {
		defer close(events)
		defer s.Close()
		defer stop()
		receive(s, events)
	}()
	return events, nil
}

// receive turns messages into events until the socket is closed or breaks. A
// full receive buffer (ENOBUFS) means that messages were lost: that is an event
// too, since the reader of events reads everything anew.
func receive(s *nl.NetlinkSocket, events chan<- struct{}) {
	seen := map[string]string{}
	for {
		msgs, from, err := s.Receive()
		news := errors.Is(err, unix.ENOBUFS)
		if err != nil && !news && !errors.Is(err, unix.EINTR) {
			return
		}
		if from != nil && from.Pid != nl.PidKernel {
			continue
		}
		if news {
			clear(seen)
		}
		for _, m := range msgs {
			news = isNews(m, seen) || news
		}
		if news {
			select {
			case events <- struct{}{}:
			default:
			}
		}
	}
}

// isNews tells a renewed lifetime, of which there are several a second, from a
// change: it says the same about an address as the last message did, but for
// the times. seen holds that last message for each address.
func isNews(m syscall.NetlinkMessage, seen map[string]string) bool {
	switch m.Header.Type {
	case unix.RTM_NEWADDR:
		key, rest := addrMessage(m.Data)
		last, was := seen[key]
		seen[key] = rest
		return !was || last != rest
	case unix.RTM_DELADDR:
		key, _ := addrMessage(m.Data)
		delete(seen, key)
		return true
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		return true
	default:
		return false
	}
}

// addrMessage splits a message into what names the address and what else it
// says without the times. An unreadable one is a name of its own.
func addrMessage(data []byte) (key, rest string) {
	if len(data) < unix.SizeofIfAddrmsg {
		return string(data), ""
	}
	for len(data)%unix.RTA_ALIGNTO != 0 {
		data = append(data[:len(data):len(data)], 0) // the library reads to the end of the padding
	}
	attrs, err := nl.ParseRouteAttr(data[unix.SizeofIfAddrmsg:])
	if err != nil {
		return string(data), ""
	}
	header := nl.DeserializeIfAddrmsg(data)
	key = fmt.Sprint(header.Family, header.Prefixlen, header.Index)
	rest = fmt.Sprint(header.Flags, header.Scope)
	for _, a := range attrs {
		text := fmt.Sprintf(" %d=%x", a.Attr.Type, a.Value)
		switch a.Attr.Type {
		case unix.IFA_CACHEINFO:
		case unix.IFA_ADDRESS, unix.IFA_LOCAL:
			key += text
		default:
			rest += text
		}
	}
	return key, rest
}
