// Command lbha is a high-availability director for Linux Virtual Server. See README.md, or `lbha help`.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// version is set when the binary is built: -ldflags "-X main.version=…".
var version = "devel"

// Exit statuses, as documented in `lbha help`.
const (
	exitDone   = 0
	exitFailed = 1 // the work could not be done
	exitUsage  = 2 // bad usage or bad configuration
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// exitError carries an exit status with an error. An exitError without err was already explained to the user.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks err as a mistake in how the command was called or in what the file says.
func usage(err error) error { return &exitError{exitUsage, err} }

func run(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return exitDone
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitFailed, err}
	}
	if e.err != nil {
		fmt.Fprintf(os.Stderr, "lbha: %v\n", e.err)
	}
	return e.code
}

const defaultConfig = "/etc/lbha/lbha.hcl"

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "lbha",
		Short: "A high-availability director pair for Linux Virtual Server",
		Long: `lbha runs on two machines with the same file. They elect one of them by VRRP; that one holds the
virtual addresses. Both check the real servers and keep the kernel's IPVS table true.

Exit status: 0 done, 1 failed, 2 bad usage or bad configuration.`,
		Example: `  lbha validate /etc/lbha/lbha.hcl     check the file, as each director in turn
  lbha probe --config lbha.hcl         run its checks once, by hand
  lbha run                             be the director, in the foreground
  lbha status                          what the running director does, and why`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				hint := "see lbha help"
				if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
					hint = "did you mean " + near[0] + "?"
				}
				return usage(fmt.Errorf("unknown command %q: %s", args[0], hint))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmd.Help(); err != nil {
				return err
			}
			return &exitError{code: exitUsage}
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w: see %s --help", err, cmd.CommandPath()))
	})
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(newRun(), newValidate(), newProbe(), newStatus(), newVersion())
	return root
}

// atMost is cobra's argument check with our exit status and a pointer to the help.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usage(fmt.Errorf("%s takes at most %d argument(s), got %q: see %s --help", cmd.CommandPath(), n, args, cmd.CommandPath()))
		}
		return nil
	}
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  lbha version",
		Args:    atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "lbha", version)
			return err
		},
	}
}
