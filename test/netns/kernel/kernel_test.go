package kernel

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFramesComeOutAsTheyWentIn(t *testing.T) {
	var wire bytes.Buffer
	w := &frameWriter{w: &wire}
	long := bytes.Repeat([]byte("x"), frameMax+1)
	if n, err := w.stream(kindStdout).Write(long); n != len(long) || err != nil {
		t.Fatalf("stream took %d bytes (%v), want all %d", n, err, len(long))
	}
	if err := w.writeUint32(kindExit, 7); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for {
		k, payload, err := readFrame(&wire)
		if err != nil {
			t.Fatal(err)
		}
		if k == kindExit {
			if uint32Of(payload) != 7 {
				t.Errorf("exit status is %d, want 7", uint32Of(payload))
			}
			break
		}
		got = append(got, payload...)
	}
	if !bytes.Equal(got, long) {
		t.Errorf("%d bytes came out, want the same %d", len(got), len(long))
	}
	if _, _, err := readFrame(&wire); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v, want EOF", err)
	}
}

func TestFrameThatIsTooLongIsRefused(t *testing.T) {
	w := &frameWriter{w: io.Discard}
	if err := w.write(kindStdout, make([]byte, frameMax+1)); !errors.Is(err, errFrameTooLong) {
		t.Errorf("write: %v, want %v", err, errFrameTooLong)
	}
	if _, _, err := readFrame(strings.NewReader("o\xff\xff\xff\xff")); !errors.Is(err, errFrameTooLong) {
		t.Errorf("read: %v, want %v", err, errFrameTooLong)
	}
	if _, _, err := readFrame(strings.NewReader("o\x00\x00\x00\x02a")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read of half a frame: %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("o\x00\x00\x00\x02ab"))
	f.Add([]byte("q\x00\x00\x00\x04\x00\x00\x00\x07"))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, payload, err := readFrame(bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := (&frameWriter{w: &again}).write(k, payload); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b, again.Bytes()) {
			t.Errorf("%q became %q", b, again.Bytes())
		}
	})
}

func TestParseMemory(t *testing.T) {
	for text, want := range map[string]int64{"768M": 768 << 20, "2G": 2 << 30, "128M": 128 << 20} {
		if got, err := ParseMemory(text); got != want || err != nil {
			t.Errorf("ParseMemory(%q) is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "1K", "127M", "65G", "-1G", "G", "1.5G"} {
		if got, err := ParseMemory(text); err == nil {
			t.Errorf("ParseMemory(%q) is %d, want an error", text, got)
		}
	}
}

func TestConsoleKeepsItsEnd(t *testing.T) {
	c := new(tail)
	for range 2000 {
		c.Write([]byte("noise\r\n"))
	}
	c.Write([]byte("panic\r\nhalted\r\n"))
	if got, want := c.lines(2), "  | panic\n  | halted\n"; got != want {
		t.Errorf("end is %q, want %q", got, want)
	}
	if len(c.buf) > tailMax {
		t.Errorf("it holds %d bytes, want at most %d", len(c.buf), tailMax)
	}
}

func TestMissingToolsAreThoseInNoRoot(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	for i, tool := range tools {
		root := []string{one, two}[i%2]
		path := filepath.Join(root, tool.Proof)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(missing(true, one, two)); len(got) > 0 {
		t.Errorf("missing are %v, want none", got)
	}
	if err := os.Remove(filepath.Join(two, "usr/sbin/modprobe")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"kmod"}, names(missing(true, one, two))); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if got := names(missing(false, "/no/such/root")); len(got) != len(tools)-1 {
		t.Errorf("without UML %d are missing, want all but its kernel", len(got))
	}
}

func TestTestBinarysFolderIsWritten(t *testing.T) {
	got := testFolder([]string{"/tmp/go-build1/b001/x.test", "-test.v=true"})
	if diff := cmp.Diff([]string{"/tmp/go-build1/b001"}, got); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
	for _, args := range [][]string{{"/tmp/go-build1/b001/exe/x"}, {"/usr/bin/x", "-test.v"}, {"ls"}} {
		if got := testFolder(args); got != nil {
			t.Errorf("testFolder(%q) is %q, want none", args, got)
		}
	}
}

func TestSweepRemovesOnlyWhatNobodyHolds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	held, lock, err := newState()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	stale, lock2, err := newState()
	if err != nil {
		t.Fatal(err)
	}
	lock2.Close() // as the kernel does for a killed process
	sweep()
	if _, err := os.Stat(held); err != nil {
		t.Errorf("held folder: %v, want it left alone", err)
	}
	if _, err := os.Stat(stale); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("stale folder: %v, want it gone", err)
	}
}

func TestStageIsOnlyForProcessOneOfAWorld(t *testing.T) {
	if os.Getenv("LAB_TEST_STAGE") != "" {
		Stage()
		os.Exit(0)
	}
	for _, stage := range []string{stageNative, stageUML} {
		code, out := runSelf(t, envStage+"="+stage)
		if code != StatusNoWorld || !strings.Contains(out, "process 1") {
			t.Errorf("%s: exit status %d with %q, want a refusal", stage, code, out)
		}
	}
}

// runSelf runs the calling test again with more environment.
func runSelf(t *testing.T, env string) (int, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "LAB_TEST_STAGE=1", env)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}
