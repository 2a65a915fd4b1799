package netns

import (
	"fmt"
	"os"
	"path/filepath"
)

// webConfig makes nginx one process that answers every path with its host's
// name, /healthz with "ok", and closes each connection, so that every request is
// balanced anew.
const webConfig = `daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
    access_log %[1]s/access.log;
    client_body_temp_path %[1]s/body;
    proxy_temp_path %[1]s/proxy;
    fastcgi_temp_path %[1]s/fastcgi;
    uwsgi_temp_path %[1]s/uwsgi;
    scgi_temp_path %[1]s/scgi;
    default_type text/plain;
    keepalive_timeout 0;
    server {
        listen %[2]d;
        location / { return 200 "%[3]s\n"; }
        location = /healthz { return 200 "ok\n"; }
    }
}
`

// StartWeb starts a web server on all addresses of the host. GET / answers with
// the host's name and a newline.
func (h *Host) StartWeb(port int) (*Process, error) {
	if err := Require("nginx"); err != nil {
		return nil, err
	}
	dir := filepath.Join(h.lab.Dir, h.Name+"-web")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of web server: %w", err)
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, webConfig, dir, port, h.Name), 0o644); err != nil {
		return nil, fmt.Errorf("write configuration of web server: %w", err)
	}
	// -e: nginx opens a log under /var/log before it reads its configuration.
	return h.Start("web", "nginx", "-e", "stderr", "-p", dir, "-c", conf)
}
