package kernel

import (
	"fmt"
	"os"
	"path/filepath"
)

// tool is something the lab runs, and where it comes from.
type tool struct {
	Package string // Debian's name
	Proof   string // a file of the package that shows it is there, from the root
	UML     bool   // needed only for a UML kernel
}

// tools is everything the lab and its drills run.
var tools = []tool{
	{Package: "user-mode-linux", Proof: "usr/bin/linux.uml", UML: true},
	{Package: "kmod", Proof: "usr/sbin/modprobe"},
	{Package: "iproute2", Proof: "usr/sbin/ip"},
	{Package: "ipvsadm", Proof: "usr/sbin/ipvsadm"},
	{Package: "nginx-light", Proof: "usr/sbin/nginx"},
	{Package: "keepalived", Proof: "usr/sbin/keepalived"},
	{Package: "tshark", Proof: "usr/bin/tshark"},
	{Package: "tcpdump", Proof: "usr/bin/tcpdump"},
	{Package: "procps", Proof: "usr/bin/ps"},
	{Package: "ethtool", Proof: "usr/sbin/ethtool"},
	{Package: "iputils-ping", Proof: "usr/bin/ping"},
	{Package: "curl", Proof: "usr/bin/curl"},
}

// services are units that those packages would start or enable.
var services = []string{"nginx", "keepalived", "ipvsadm"}

// toolFolders are where tools are found, whatever PATH says.
var toolFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// missing returns the tools that no root has.
func missing(uml bool, roots ...string) []tool {
	var out []tool
	for _, t := range tools {
		if t.UML && !uml {
			continue
		}
		found := false
		for _, root := range roots {
			_, err := os.Stat(filepath.Join(root, t.Proof))
			found = found || err == nil
		}
		if !found {
			out = append(out, t)
		}
	}
	return out
}

// lookTool finds a tool in the running system.
func lookTool(name string) (string, error) {
	for _, dir := range toolFolders {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is missing: run `lab setup`", name)
}

func names(ts []tool) []string {
	out := make([]string, 0, len(ts))
	for _, t := range ts {
		out = append(out, t.Package)
	}
	return out
}
