// Package plain drills directors without services, by configs/minimal.hcl: a
// plain VRRP router needs no IPVS, so these run in namespaces of any kernel.
//
//	elect_test.go       a pair elects, moves, and goes on after kill -9
//	keepalived_test.go  keepalived as the peer, in both roles
//	advert_test.go      adverts that must not be believed
//	link_test.go        an interface that comes later
//	start_test.go       a start that cannot be: one sentence, nothing touched
//	noipvs_test.go      services on a kernel without IPVS
//	rig_test.go         what they share
//
// `lab exec --native -- ...` runs them, and so does `make drills`.
//
// Sources: RFC 9568, keepalived.conf(5), setpriv(1).
package plain
