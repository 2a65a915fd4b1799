package main

import (
	"os"

	"golang.org/x/term"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/show"
)

// load reads the file as the director named, else as the one with the host's name. Diagnostics go to stderr.
func load(file, name string) (*config.Config, error) {
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, usage(err)
		}
		name = host
	}
	cfg, diags := config.Load(file, config.Options{Director: name})
	return cfg, explain(diags)
}

// explain writes the diagnostics; the error, if there is any, needs no further words.
func explain(diags *config.Diagnostics) error {
	color, width := terminal(os.Stderr)
	if err := diags.Write(os.Stderr, color, width); err != nil {
		return err
	}
	if diags.HasErrors() {
		return &exitError{code: exitUsage}
	}
	return nil
}

// terminal says whether f is one that shows colours, and how wide it is. NO_COLOR is honoured (no-color.org).
func terminal(f *os.File) (color bool, width int) {
	const usual = 100
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return false, usual
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", width
}

func showOptions() show.Options {
	color, _ := terminal(os.Stdout)
	return show.Options{Color: color}
}
