package director

import (
	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/health"
)

// serverVerdicts combines the verdicts of each server's checks as its service asks for.
func serverVerdicts(cfg *config.Config, status map[health.Key]health.CheckStatus) map[serverKey]health.Verdict {
	verdicts := make(map[serverKey]health.Verdict)
	var list []health.Verdict
	for _, svc := range cfg.Services {
		for _, srv := range svc.Servers {
			list = list[:0]
			for _, c := range srv.Checks {
				list = append(list, status[health.Key{Service: svc.Name, Server: srv.Name, Check: c.Name}].Verdict)
			}
			verdicts[serverKey{svc.Name, srv.Name}] = health.Combine(require(svc), list)
		}
	}
	return verdicts
}

// allSpoke reports whether every check of the file has its first verdict. One that is not taken up yet has none.
func allSpoke(cfg *config.Config, status map[health.Key]health.CheckStatus) bool {
	for _, svc := range cfg.Services {
		for _, srv := range svc.Servers {
			for _, c := range srv.Checks {
				if status[health.Key{Service: svc.Name, Server: srv.Name, Check: c.Name}].Verdict == health.Pending {
					return false
				}
			}
		}
	}
	return true
}

// decisive is the check that explains a server's verdict best: the first that is down, else the first that is pending,
// else the first.
func decisive(svc config.Service, srv config.Server, status map[health.Key]health.CheckStatus) (string, health.CheckStatus) {
	var name string
	var best health.CheckStatus
	rank := map[health.Verdict]int{health.Up: 1, health.Pending: 2, health.Down: 3}
	top := 0
	for _, c := range srv.Checks {
		s := status[health.Key{Service: svc.Name, Server: srv.Name, Check: c.Name}]
		if r := rank[s.Verdict]; r > top {
			name, best, top = c.Name, s, r
		}
	}
	return name, best
}

// explains is the newest result that speaks for the verdict: while it is about to change, the last one speaks against it.
func explains(s health.CheckStatus) health.Result {
	for _, r := range s.Results {
		if !r.Local && r.OK == (s.Verdict == health.Up) {
			return r
		}
	}
	return s.Last
}
