package control

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/lbha/lbha/internal/director"
)

const (
	// requestTimeout bounds how long one client can hold a connection, reading or writing.
	requestTimeout = 5 * time.Second
	// headerLimit bounds what one client can make the server read before it is refused.
	headerLimit = 16 << 10
)

// Server answers requests on a control socket.
type Server struct {
	status func() director.Status
	log    *slog.Logger
}

// NewServer returns a server that answers with what status returns; status must be safe for use from any goroutine.
func NewServer(status func() director.Status, log *slog.Logger) *Server {
	return &Server{status: status, log: log}
}

// Run serves l until ctx ends and then returns nil; l is closed by then.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: requestTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       requestTimeout,
		MaxHeaderBytes:    headerLimit,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.status())
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusNotFound, apiError{"no such request: " + r.Method + " " + r.URL.Path + "; there is GET /v1/status"})
	})
	return mux
}

type apiError struct {
	Error string `json:"error"`
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// The only errors left here are those of a client that went away.
	_ = json.NewEncoder(w).Encode(v)
}
