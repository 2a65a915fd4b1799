package sysctl

import (
	"fmt"
	"path"
	"strings"
)

// Key joins the names of a setting's path to its dotted key:
// Key("net", "ipv4", "conf", "eth0.100", "rp_filter") is
// "net.ipv4.conf.eth0/100.rp_filter". Names may contain dots, not slashes.
func Key(names ...string) string {
	dotted := make([]string, len(names))
	for i, name := range names {
		dotted[i] = strings.ReplaceAll(name, ".", "/")
	}
	return strings.Join(dotted, ".")
}

// parseKey splits a key in either form into the names of its path below
// /proc/sys. It refuses whatever could lead out of that folder.
func parseKey(key string) ([]string, error) {
	names := strings.Split(key, "/")
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '.' {
		names = strings.Split(key, ".")
		for j, name := range names {
			names[j] = strings.ReplaceAll(name, "/", ".")
		}
	}
	for _, name := range names {
		if name == "" || name == "." || name == ".." || strings.ContainsRune(name, 0) {
			return nil, fmt.Errorf("invalid key %q: it must be names separated by dots, as in net.ipv4.ip_forward", key)
		}
	}
	return names, nil
}

// canonical returns the dotted form of key, under which the ledger knows it.
func canonical(key string) (string, error) {
	names, err := parseKey(key)
	if err != nil {
		return "", err
	}
	return Key(names...), nil
}

// filename returns the path of a key's file, relative to the root.
func filename(key string) (string, error) {
	names, err := parseKey(key)
	if err != nil {
		return "", err
	}
	return path.Join(names...), nil
}

// normal brings a value to the form in which values are compared and kept: the
// kernel separates several numbers by tabs and ends them with a newline, people
// write spaces.
func normal(value string) string {
	return strings.Join(strings.Fields(value), " ")
}
