package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/control"
	"github.com/lbha/lbha/internal/show"
)

// askTimeout bounds how long a command waits for the running director.
const askTimeout = 5 * time.Second

func newStatus() *cobra.Command {
	var socket, file, output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "What the running director does, and why",
		Example: `  lbha status
  lbha status -o json | jq '.routers[].state'`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usage(fmt.Errorf("output %q: it is table or json", output))
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), askTimeout)
			defer cancel()
			s, err := control.NewClient(socketPath(socket, file)).Status(ctx)
			if err != nil {
				return err
			}
			if output == "json" {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(s)
			}
			return show.Status(cmd.OutOrStdout(), s, showOptions())
		},
	}
	cmd.Flags().StringVar(&socket, "socket", "", "control socket (default: that of --config)")
	cmd.Flags().StringVar(&file, "config", defaultConfig, "configuration file that names the control socket")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// socketPath is the one named, else that of the file, else the usual one: a file that has a mistake by now must not keep
// anybody from asking the director that still runs with the earlier one.
func socketPath(socket, file string) string {
	if socket != "" {
		return socket
	}
	if cfg, diags := config.Validate(file); !diags.HasErrors() {
		return cfg.Control.Socket
	}
	return config.DefaultSocket
}
