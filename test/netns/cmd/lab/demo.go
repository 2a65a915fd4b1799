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

// insideDemo is the demonstration's other half, in the world: config, folder.
const insideDemo = "demo-inside"

// demonstrate runs the demonstration in a world, with the lbha that lies beside
// this binary and the sample of the checkout.
func demonstrate() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	env := os.Environ()
	if os.Getenv(netns.EnvBinary) == "" {
		env = append(env, netns.EnvBinary+"="+filepath.Join(filepath.Dir(self), "lbha"))
	}
	if term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		env = append(env, demo.Terminal+"=1")
	}
	config, err := filepath.Abs("configs/nat-pair.hcl")
	if err != nil {
		return 1, err
	}
	memory, err := kernel.ParseMemory("1G")
	if err != nil {
		return 1, err
	}
	return kernel.Run(kernel.Options{
		Stdout: os.Stdout, Stderr: os.Stderr, Progress: os.Stderr, Memory: memory,
		Env: env, Args: []string{self, insideDemo, config},
	})
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
