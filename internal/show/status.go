package show

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/lbha/lbha/internal/director"
)

// whyWidth keeps a line of the server table within 80 columns for usual names.
const whyWidth = 34

// Status writes s as `lbha status` prints it.
func Status(w io.Writer, s director.Status, o Options) error {
	head := fmt.Sprintf("%s  lbha %s, up %s, configuration %.12s", o.paint(s.Director, bold), s.Version, ago(s.Now.Sub(s.Started)), s.Config.Hash)
	if _, err := fmt.Fprintln(w, head); err != nil {
		return err
	}
	for _, p := range s.Problems {
		if _, err := fmt.Fprintf(w, "%s %s\n", o.paint("problem:", red), p); err != nil {
			return err
		}
	}
	for _, r := range s.Routers {
		if err := router(w, s, r, o); err != nil {
			return err
		}
	}
	for _, svc := range s.Services {
		if err := service(w, s, svc, o); err != nil {
			return err
		}
	}
	return nil
}

func router(w io.Writer, s director.Status, r director.RouterStatus, o Options) error {
	fmt.Fprintf(w, "\n%s %s  %s since %s, %s\n", o.paint("vrrp", dim), o.paint(r.Name, bold),
		o.paint(strings.ToUpper(r.State), stateColor(r.State)), ago(s.Now.Sub(r.Since)), why(r))
	fmt.Fprintf(w, "  vrid %d on %s, priority %d, adverts every %s, preempt %s\n",
		r.VRID, r.Interface, r.Priority, seconds(r.Interval), preempt(r.Preempt))
	if a := r.Active; a != nil {
		fmt.Fprintf(w, "  heard %s as Active, priority %d, adverts every %s, checksum %s\n",
			a.Address, a.Priority, seconds(a.Interval), a.Checksum)
	}
	fmt.Fprintf(w, "  adverts: %s\n", adverts(r))

	var rows [][]cell
	for _, v := range r.VIPs {
		rows = append(rows, addressRow(v))
	}
	return o.table(w, "  ", rows)
}

func preempt(mode string) string {
	if mode == "held" {
		return "held until every check has a verdict"
	}
	return mode
}

func why(r director.RouterStatus) string {
	if r.Fault != "" {
		return r.Fault
	}
	return strings.ReplaceAll(r.Reason, "_", " ")
}

func adverts(r director.RouterStatus) string {
	parts := []string{fmt.Sprintf("%d sent", r.Adverts.Sent), fmt.Sprintf("%d received", r.Adverts.Received)}
	var reasons []string
	for reason := range r.Adverts.Dropped {
		reasons = append(reasons, reason)
	}
	sort.Strings(reasons)
	for _, reason := range reasons {
		parts = append(parts, fmt.Sprintf("%d dropped (%s)", r.Adverts.Dropped[reason], reason))
	}
	if r.Lateness.Count > 0 {
		parts = append(parts, fmt.Sprintf("latest %s late", took(seconds(r.Lateness.Max))))
	}
	if r.Adverts.SendError != "" {
		parts = append(parts, "cannot send: "+r.Adverts.SendError)
	}
	return strings.Join(parts, ", ")
}

func addressRow(v director.AddressStatus) []cell {
	where := cell{"not here", dim}
	if v.Present {
		where = cell{"here", green}
	}
	var notes []string
	if v.Present && v.Lease > 0 && v.Error == "" {
		notes = append(notes, fmt.Sprintf("leased for %s at a time", seconds(v.Lease)))
	}
	if v.Announced > 0 {
		notes = append(notes, fmt.Sprintf("announced %d times", v.Announced))
	}
	if v.Error != "" {
		notes = append(notes, v.Error)
	}
	return []cell{{v.Address, plain}, {v.Interface, plain}, where, {strings.Join(notes, ", "), dim}}
}

func service(w io.Writer, s director.Status, svc director.ServiceStatus, o Options) error {
	color := green
	if svc.Healthy == 0 {
		color = red
	} else if svc.Healthy < len(svc.Servers) {
		color = yellow
	}
	up := o.paint(fmt.Sprintf("%d of %d up", svc.Healthy, len(svc.Servers)), color)
	fmt.Fprintf(w, "\n%s %s  %s %s, %s, %s, %s\n", o.paint("service", dim), o.paint(svc.Name, bold),
		svc.Protocol, svc.Address, svc.Scheduler, svc.Forwarding, up)
	switch {
	case svc.Error != "":
		fmt.Fprintf(w, "  %s %s\n", o.paint("problem:", red), svc.Error)
	case !svc.InKernel:
		fmt.Fprintf(w, "  %s\n", o.paint("not in the kernel's table yet", yellow))
	}

	rows := [][]cell{{{"server", dim}, {"address", dim}, {"verdict", dim}, {"since", dim}, {"weight", dim}, {"act", dim}, {"inact", dim}, {"why", dim}}}
	for _, srv := range svc.Servers {
		rows = append(rows, serverRow(s, srv))
	}
	return o.table(w, "  ", rows)
}

func serverRow(s director.Status, srv director.ServerStatus) []cell {
	weight, act, inact := "-", "-", "-"
	if srv.InKernel {
		weight, act, inact = fmt.Sprint(srv.Weight), fmt.Sprint(srv.Active), fmt.Sprint(srv.Inactive)
	}
	since := "-"
	if !srv.Since.IsZero() {
		since = ago(s.Now.Sub(srv.Since))
	}
	return []cell{
		{srv.Name, plain}, {srv.Address, plain}, {srv.Verdict, verdictColor(srv.Verdict)}, {since, plain},
		{weight, plain}, {act, plain}, {inact, plain}, {clip(srv.Reason, whyWidth), dim},
	}
}

func stateColor(state string) string {
	switch state {
	case "active":
		return green
	case "fault":
		return red
	}
	return yellow
}

func verdictColor(verdict string) string {
	switch verdict {
	case "up":
		return green
	case "down":
		return red
	}
	return yellow
}
