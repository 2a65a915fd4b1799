package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/term"

	"github.com/lbha/lbha/test/netns"
	"github.com/lbha/lbha/test/netns/demo"
	"github.com/lbha/lbha/test/netns/kernel"
)

// insideDemo is the demonstration's other half, in the world: config.
const insideDemo = "demo-inside"

// demonstrate runs the demonstration in a world.
func demonstrate() (int, error) {
	opt, config, err := withLbha()
	if err != nil {
		return 1, err
	}
	if term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		opt.Env = append(opt.Env, demo.Terminal+"=1")
	}
	opt.Args = append(opt.Args, insideDemo, config)
	return kernel.Run(opt)
}

// withLbha are the options of a world that runs this binary again, with the lbha
// that lies beside it, and the path of the checkout's sample.
func withLbha() (kernel.Options, string, error) {
	opt := kernel.Options{Stdout: os.Stdout, Stderr: os.Stderr, Progress: os.Stderr, Env: os.Environ()}
	self, err := os.Executable()
	if err != nil {
		return opt, "", err
	}
	opt.Args = []string{self}
	if os.Getenv(netns.EnvBinary) == "" {
		opt.Env = append(opt.Env, netns.EnvBinary+"="+filepath.Join(filepath.Dir(self), "lbha"))
	}
	if opt.Memory, err = kernel.ParseMemory("1G"); err != nil {
		return opt, "", err
	}
	config, err := filepath.Abs("configs/nat-pair.hcl")
	return opt, config, err
}

func demonstrateInside(args []string) (int, error) {
	if len(args) != 1 {
		return 2, errUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "lbha-demo-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := demo.Run(ctx, demo.NewScreen(os.Stdout, demo.Watched()), args[0], dir); err != nil {
		return 1, fmt.Errorf("demo: %w", err)
	}
	return 0, nil
}
