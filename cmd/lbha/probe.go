package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/director"
	"github.com/lbha/lbha/internal/show"
)

func newProbe() *cobra.Command {
	var file, name string
	var rounds int
	cmd := &cobra.Command{
		Use:   "probe [SERVICE[/SERVER]]",
		Short: "Run the file's checks now, without touching the kernel",
		Long: `Runs each check once and prints result, time and reason. It works on any machine that reaches the servers, and
needs no running director. Exit status: 0 all passed, 1 not all, 2 the file has mistakes.`,
		Example: `  lbha probe
  lbha probe --config pair.hcl -n 3 web/server01`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rounds < 1 {
				return usage(fmt.Errorf("-n %d: it is 1 or more", rounds))
			}
			cfg, err := loadAny(file, name)
			if err != nil {
				return err
			}
			var target string
			if len(args) > 0 {
				target = args[0]
			}
			return probeRounds(cmd, cfg, target, rounds)
		},
	}
	cmd.Flags().StringVar(&file, "config", defaultConfig, "configuration file")
	cmd.Flags().StringVar(&name, "director", "", "which director block to read the file as (default: the host's name, else the first)")
	cmd.Flags().IntVarP(&rounds, "count", "n", 1, "how many rounds, a second apart")
	return cmd
}

// loadAny reads the file as the director named, or as the first one where this machine is none of them.
func loadAny(file, name string) (*config.Config, error) {
	if name == "" {
		// A host without a name is none of them either.
		name, _ = os.Hostname()
		cfg, diags := config.Load(file, config.Options{Director: name, AnyDirector: true})
		return cfg, explain(diags)
	}
	return load(file, name)
}

func probeRounds(cmd *cobra.Command, cfg *config.Config, target string, rounds int) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	passed := true
	for round := range rounds {
		if round > 0 {
			select {
			case <-ctx.Done():
				return errors.New("interrupted")
			case <-time.After(time.Second):
			}
		}
		probes, err := director.ProbeOnce(ctx, cfg, target)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		for _, p := range probes {
			passed = passed && p.OK
		}
		if err := show.Probes(cmd.OutOrStdout(), probes, showOptions()); err != nil {
			return err
		}
	}
	if !passed {
		return &exitError{code: exitFailed}
	}
	return nil
}
