package show

import (
	"io"

	"github.com/lbha/lbha/internal/director"
)

// Probes writes what came of checks made by hand, one line each.
func Probes(w io.Writer, probes []director.Probe, o Options) error {
	rows := [][]cell{{{"service", dim}, {"server", dim}, {"address", dim}, {"check", dim}, {"result", dim}, {"took", dim}, {"why", dim}}}
	for _, p := range probes {
		result := cell{"pass", green}
		switch {
		case p.Local:
			result = cell{"error", yellow}
		case !p.OK:
			result = cell{"fail", red}
		}
		rows = append(rows, []cell{
			{p.Service, plain}, {p.Server, plain}, {p.Address, plain}, {p.Check, plain}, result,
			{took(seconds(p.Seconds)), plain}, {p.Detail, plain},
		})
	}
	return o.table(w, "", rows)
}
