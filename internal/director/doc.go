// Package director owns the truth of one machine. It is the only one that computes what the kernel has to hold, from the
// configuration, the roles of the virtual routers and the verdicts on the real servers, and hands that to the reconcilers.
//
//	config ──> nodes ──> roles ────┐
//	      └──> checks ─> verdicts ─┴─> Desired ─> vip.Reconciler ─> (address is in) ─> arp.Announcer
//	                                          └─> ipvs.Reconciler
//
// Desired is pure. The loop around it is woken by slots of size one and never waits for anybody but its own log. The
// table follows the verdicts alone, so it is the same on both directors; addresses follow the roles.
//
// A director that starts finds what an earlier life left (owned.Store says what was ours): servers that are in traffic stay
// until their checks have spoken; addresses are held while their router listens for an Active, and then go on with the
// role, or are removed.
//
// Only cmd/lbha makes a Director. The control socket sees its Status and nothing else.
package director
