// Command lab runs a command as root of a world of its own, with IPVS and
// without touching the machine: see test/netns/kernel.
//
//	lab setup                        get the tools that the lab needs
//	lab exec [FLAGS] -- CMD ARGS...  run CMD in a world, exit with its status
//	lab shell [FLAGS]                a shell in a world
//	lab play                         a pair of directors that stays up, and a shell beside it
//	lab demo                         a pair of directors, and what happens when things fail
//	lab in HOST CMD ARGS...          inside a world: run CMD on a host of the lab
//	lab kernel                       say which kernel a world would get
//
// As a wrapper of the go command:
//
//	go test -exec "$PWD/bin/lab exec --" ./...
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/lbha/lbha/test/netns"
	"github.com/lbha/lbha/test/netns/kernel"
)

const usage = `usage: lab setup [--cache DIR]
       lab exec [--native | --uml | --auto] [--memory SIZE] [--write DIR] [--cache DIR] -- CMD ARGS...
       lab shell [same flags]
       lab in HOST CMD ARGS...
       lab demo | play
       lab kernel
`

func main() {
	kernel.Stage()
	os.Exit(run(os.Args[1:]))
}

var errUsage = errors.New("bad usage")

func run(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	status, err := dispatch(args[0], args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
	case err != nil:
		fmt.Fprintln(os.Stderr, "lab:", err)
	}
	return status
}

func dispatch(name string, args []string) (int, error) {
	switch name {
	case "exec", "shell":
		opt, err := parse(name, args)
		if err != nil {
			return 2, err
		}
		if name == "shell" && len(opt.Args) == 0 {
			opt.Args = []string{"bash", "--norc", "-i"}
			opt.Env = append(os.Environ(), `PS1=\h:\w\$ `)
		}
		if len(opt.Args) == 0 {
			return 2, errUsage
		}
		return kernel.Run(opt)
	case "in":
		if len(args) < 2 {
			return 2, errUsage
		}
		return 1, netns.Enter(args[0], args[1:])
	case "demo":
		return demonstrate()
	case insideDemo:
		return demonstrateInside(args)
	case "play":
		return playground()
	case insidePlay:
		if len(args) != 1 {
			return 2, errUsage
		}
		if err := play(args[0]); err != nil {
			return 1, err
		}
		return 0, nil
	case "setup":
		return setup(args)
	case "kernel":
		mode, err := kernel.Choose(kernel.Auto)
		if err != nil {
			return 1, err
		}
		fmt.Println(mode)
		return 0, nil
	case "help", "-h", "--help":
		fmt.Print(usage)
		return 0, nil
	}
	return 2, errUsage
}

// folders is a flag that may be given more than once.
type folders []string

func (f *folders) String() string     { return fmt.Sprint(*f) }
func (f *folders) Set(v string) error { *f = append(*f, v); return nil }

func parse(name string, args []string) (kernel.Options, error) {
	opt := kernel.Options{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Progress: os.Stderr}
	flags := newFlags(name)
	native := flags.Bool("native", false, "")
	uml := flags.Bool("uml", false, "")
	auto := flags.Bool("auto", false, "")
	memory := flags.String("memory", "1G", "")
	flags.StringVar(&opt.Cache, "cache", "", "")
	flags.Var((*folders)(&opt.Write), "write", "")
	if err := parseFlags(flags, args); err != nil {
		return opt, err
	}
	switch {
	case *native && !*uml && !*auto:
		opt.Mode = kernel.Native
	case *uml && !*native && !*auto:
		opt.Mode = kernel.UML
	case *native || *uml:
		return opt, errUsage
	}
	var err error
	if opt.Memory, err = kernel.ParseMemory(*memory); err != nil {
		return opt, err
	}
	opt.Args = flags.Args()
	return opt, nil
}

func setup(args []string) (int, error) {
	flags := newFlags("setup")
	cache := flags.String("cache", "", "")
	if err := parseFlags(flags, args); err != nil {
		return 2, err
	}
	mode, err := kernel.Choose(kernel.Auto)
	if err != nil {
		return 1, err
	}
	tools, err := kernel.Setup(kernel.SetupOptions{Cache: *cache, UML: mode == kernel.UML, Progress: os.Stderr})
	if err != nil {
		return 1, err
	}
	where := "installed"
	if tools.Lower != "" {
		where = "in " + tools.Lower
	}
	fmt.Printf("lab: tools %s, worlds %s\n", where, mode)
	return 0, nil
}

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet("lab "+name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

func parseFlags(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	return nil
}
