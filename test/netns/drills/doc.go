// Package drills proves a pair of directors on a real kernel: the lbha binary as
// users run it, the tutorial's two networks, real web servers, and somebody who
// cuts cables and kills processes.
//
//	nat_test.go dr_test.go     a quiet pair: who has what, who answers
//	web_test.go                a web server dies and returns
//	power_test.go link_test.go the Active is cut off; one of its links fails
//	kill_test.go               kill -9 of the Active, with and without a restart
//	stop_test.go               SIGTERM
//	foreign_test.go            what belongs to others; what others break
//	close_test.go              nothing is left behind
//	rig_test.go look_test.go   what they share
//
// They need a kernel with IPVS: `lab exec --auto -- ...` finds one, `make drills`
// runs them. Those that need none are in the package plain below this one.
//
// Each waits for what can be seen, never for a time to pass. Times are measured
// and logged (go test -v), and limit nothing: a busy machine is no defect.
//
// Sources: the tutorial (LVS-NAT, LVS-DR), RFC 9568, ipvsadm(8).
package drills
