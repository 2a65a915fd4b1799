package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lbha/lbha/internal/config"
)

func newValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check a file, as each director in turn, on any machine",
		Long: `Checks the file as each of its directors would read it and prints every mistake at once, with file, line and the
source. Exit status: 0 the file is good, 2 it is not.`,
		Example: `  lbha validate
  lbha validate configs/nat-pair.hcl`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := defaultConfig
			if len(args) > 0 {
				file = args[0]
			}
			cfg, diags := config.Validate(file)
			if err := explain(diags); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is good: %s\n", file, summary(cfg))
			return err
		},
	}
}

// summary says in one line what was understood.
func summary(cfg *config.Config) string {
	servers := 0
	for _, s := range cfg.Services {
		servers += len(s.Servers)
	}
	parts := []string{
		count(len(cfg.Directors), "director"), count(len(cfg.Routers), "virtual router"),
		count(len(cfg.Services), "virtual server"), count(servers, "real server"),
	}
	return strings.Join(parts, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
