package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/control"
	"github.com/lbha/lbha/internal/director"
	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/logq"
	"github.com/lbha/lbha/internal/owned"
	"github.com/lbha/lbha/internal/vip"
)

// logLines is how many lines of the log wait for a reader that does not read.
const logLines = 4096

func newRun() *cobra.Command {
	var file, name string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Be the director, in the foreground",
		Long: `Runs this machine's part of the pair until SIGTERM or SIGINT. Logs go to stderr. Everything is checked before
anything is touched: the file, the rights, the kernel, and that no other lbha is running.`,
		Example: `  lbha run
  lbha run --config pair.hcl --director server04`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(file, name)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), stopSignals()...)
			defer stop()
			return direct(ctx, cfg)
		},
	}
	cmd.Flags().StringVar(&file, "config", defaultConfig, "configuration file")
	cmd.Flags().StringVar(&name, "director", "", "which director block of the file this machine is (default: the host's name)")
	return cmd
}

// stopSignals end the director in good order. SIGHUP is one of them only at a terminal, where it says that the terminal is
// gone; to a service it must not mean the end, so there it is ignored.
func stopSignals() []os.Signal {
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more is no reason to die with the addresses on
	signals := []os.Signal{syscall.SIGTERM, syscall.SIGINT}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		return append(signals, syscall.SIGHUP)
	}
	signal.Ignore(syscall.SIGHUP)
	return signals
}

// direct checks everything that can be wrong with this machine, in the order that leaves nothing half-configured, and runs.
func direct(ctx context.Context, cfg *config.Config) error {
	lines := logq.New(os.Stderr, logLines)
	defer lines.Close(time.Second)
	log := newLogger(cfg.Log, lines)
	if err := director.CheckCapabilities(len(cfg.Routers) > 0); err != nil {
		return err
	}
	// Held until the very end: a director that is still taking its addresses off must stay the only one.
	lock, err := owned.Lock(owned.DefaultPath)
	if err != nil {
		return err
	}
	defer lock.Close()
	socket, warning, err := control.Listen(cfg.Control.Socket, cfg.Control.Group)
	if err != nil {
		return err
	}
	defer socket.Close()
	if warning != "" && cfg.Control.Src.Has("group") { // the default group is there for those who make it
		log.Warn("control socket", "socket", cfg.Control.Socket, "warning", warning)
	}
	ledger, err := openLedger(log)
	if err != nil {
		return err
	}
	opt := director.Options{Version: version, Log: log, Ledger: ledger, Ready: ready(log, cfg)}
	if opt.Addresses, err = vip.Open(); err != nil {
		return err
	}
	if opt.IPVS, err = openTable(cfg, ledger); err != nil {
		return err
	}
	d, err := director.New(cfg, opt)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return control.NewServer(d.Status, log).Run(ctx, socket) })
	group.Go(func() error { return d.Run(ctx) })
	return group.Wait()
}

// openTable opens the kernel's table for a file that has services, and for one that has none any more: those of an earlier
// life are to be removed. Where IPVS is gone altogether, so are they.
func openTable(cfg *config.Config, ledger *owned.Store) (ipvs.Kernel, error) {
	if len(cfg.Services) == 0 && len(ledger.Services()) == 0 {
		return nil, nil
	}
	table, err := ipvs.Open()
	switch {
	case err == nil:
		return table, nil
	case len(cfg.Services) == 0 && errors.Is(err, ipvs.ErrNoIPVS):
		return nil, nil
	}
	return nil, err
}

// openLedger opens what is known of earlier lives. A file that cannot be read was moved aside and is said, not fatal: a
// director that does not start helps nobody.
func openLedger(log *slog.Logger) (*owned.Store, error) {
	ledger, err := owned.Open(owned.DefaultPath)
	var aside *owned.SetAsideError
	if errors.As(err, &aside) {
		log.Error("owned.json was unreadable; what an earlier life left is not known", "err", err)
		return ledger, nil
	}
	return ledger, err
}

func ready(log *slog.Logger, cfg *config.Config) func() {
	name := "" // of a file without director blocks
	if cfg.Self != nil {
		name = cfg.Self.Name
	}
	return func() {
		log.Info("director started", "version", version, "director", name, "hash", cfg.Hash[:12])
		if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
			log.Warn("tell systemd", "err", err)
		}
	}
}

func newLogger(cfg config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	// The configuration admits only what this understands.
	_ = level.UnmarshalText([]byte(cfg.Level))
	opt := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}
