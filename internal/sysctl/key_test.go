package sysctl

import (
	"path/filepath"
	"testing"
)

func TestKeyFormsNameOneFile(t *testing.T) {
	for _, tt := range []struct{ key, file, canonical string }{
		{"net.ipv4.ip_forward", "net/ipv4/ip_forward", "net.ipv4.ip_forward"},
		{"net/ipv4/ip_forward", "net/ipv4/ip_forward", "net.ipv4.ip_forward"},
		{"net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.eth0/100.rp_filter"},
		{"net/ipv4/conf/eth0.100/rp_filter", "net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.eth0/100.rp_filter"},
		{"vm", "vm", "vm"},
		{Key("net", "ipv4", "conf", "eth0.100", "rp_filter"), "net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.eth0/100.rp_filter"},
	} {
		file, err := filename(tt.key)
		if err != nil || file != tt.file {
			t.Errorf("filename(%q) = %q, %v; want %q", tt.key, file, err, tt.file)
		}
		if got, err := canonical(tt.key); err != nil || got != tt.canonical {
			t.Errorf("canonical(%q) = %q, %v; want %q", tt.key, got, err, tt.canonical)
		}
	}
}

func TestKeyCannotLeaveTheRoot(t *testing.T) {
	for _, key := range []string{
		"", "/", ".", "..", "/etc/passwd", "../x", "net/../../etc/passwd", "net//ipv4", "net..ipv4",
		"net.ipv4.", "net.//.//.etc.passwd", "net/ipv4/a\x00b",
	} {
		if file, err := filename(key); err == nil {
			t.Errorf("filename(%q) = %q, want an error", key, file)
		}
	}
}

func TestNormalValueIsWhatTheKernelWouldShow(t *testing.T) {
	for in, want := range map[string]string{"1\n": "1", "32768\t60999\n": "32768 60999", " a  b ": "a b", "\n": ""} {
		if got := normal(in); got != want {
			t.Errorf("normal(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("net.ipv4.conf.eth0/100.rp_filter")
	f.Add("net/ipv4/conf/eth0.100/rp_filter")
	f.Add("net.//.x")
	f.Fuzz(func(t *testing.T, key string) {
		dotted, err := canonical(key)
		if err != nil {
			return
		}
		file, err := filename(key)
		if err != nil || !filepath.IsLocal(file) {
			t.Errorf("filename(%q) = %q, %v, which leads out of the root", key, file, err)
		}
		if again, err := filename(dotted); err != nil || again != file {
			t.Errorf("filename(%q) = %q, %v, but its dotted form %q is %q", key, file, err, dotted, again)
		}
	})
}
