package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/lbha/lbha/internal/config"
)

func TestReadyOfAFileWithoutDirectors(t *testing.T) {
	var log bytes.Buffer
	ready(slog.New(slog.NewTextHandler(&log, nil)), &config.Config{Hash: strings.Repeat("0", 64)})()
	if !strings.Contains(log.String(), "director started") {
		t.Errorf("log: %s", &log)
	}
}
