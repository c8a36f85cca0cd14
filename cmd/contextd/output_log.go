package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// isTerminal tells a person's screen from a file or pipe.
func isTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	return isFile && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// newLogger logs to w as cfg says.
func newLogger(cfg LogConfig, w io.Writer) *slog.Logger {
	level := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}[cfg.Level] // info is slog's zero level
	opt := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" || cfg.Format != "json" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, opt))
	}
	return slog.New(slog.NewJSONHandler(w, opt))
}
