// Package netns is the lab: machines as namespaces, switches as bridges, and the
// tutorial's two networks ready made, with what a drill needs to act and to
// measure. It works inside a world of test/netns/kernel and refuses to anywhere
// else, so that it never touches the machine's own network.
//
//	lab.go topology.go        the lab and its networks: NATPair, DRPair
//	host.go enter.go          a machine: own links, mounts below /run, host name
//	wire.go                   links, power cuts, carrier loss
//	process.go web.go         what runs on a machine
//	observe.go owner.go       the kernel's IPVS table, neighbours, addresses
//	httpprobe.go udpprobe.go  outages, from a client's side
//	eventually.go             waiting for something that can be seen
//
// A Host is a network, mount and UTS namespace held by one locked thread.
// Everything of a lab ends with Close, or with the world.
//
// Sources: the tutorial (LVS-NAT, LVS-DR), network_namespaces(7), veth(4),
// bridge(8), Documentation/networking/ip-sysctl.rst.
//
// For tests and drills only.
package netns
