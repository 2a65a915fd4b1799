// Package kernel runs one command as root of a world of its own: namespaces of
// the running kernel when that has IPVS and the caller is root, else a User Mode
// Linux kernel, which is an ordinary process and needs no privilege.
//
// Both worlds work the same way. This process, the outside, starts the world's
// first process and talks to it in frames (frame.go) over two pipes, or over a
// console of the other kernel: command, environment, input, signals and window
// size go in; output, errors and exit status come out. So output is byte-exact,
// and the status is the command's own.
//
//	outside  Run, this process            run.go
//	keeper   process 1 of a pid namespace keeper.go, UML only: owns linux.uml
//	world    process 1 of the world       world.go: mounts, starts, reaps
//
// Nothing of a world outlives it: keeper or world is process 1 of a pid
// namespace that the kernel kills with the outside (PR_SET_PDEATHSIG), mounts
// and links go with their namespaces, and files are on a tmpfs in there.
//
// Sources: namespaces(7), pid_namespaces(7), user_namespaces(7), clone(2),
// pivot_root(2); Documentation/virt/uml and arch/um of Linux 6.1;
// Documentation/filesystems/overlayfs.rst.
//
// For test/netns/cmd/lab and tests only. The program that calls Run must call
// Stage first thing in main: keeper and world are that program, run again.
package kernel
