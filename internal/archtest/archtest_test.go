package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/lbha/lbha"

// A pkg is what go list says of a package, and which names of other rooms its
// code uses.
type pkg struct {
	ImportPath, Dir           string
	GoFiles                   []string
	Imports, Deps             []string
	TestImports, XTestImports []string
	used                      []string
}

func TestImportsFollowTheRules(t *testing.T) {
	pkgs := list(t)
	for _, complaint := range check(pkgs) {
		t.Error(complaint)
	}
}

// A rule that cannot fail is none: each is broken here once.
func TestBrokenRulesAreFound(t *testing.T) {
	room := func(name string, imports ...string) pkg {
		return pkg{ImportPath: module + "/" + name, Imports: imports}
	}
	in := func(name string) string { return module + "/" + name }
	for _, tt := range []struct {
		name string
		pkg  pkg
		want string // the start of the only complaint; "": none
	}{
		{"protocol rooms are strangers", room("internal/arp", in("internal/vip")), "internal/arp imports internal/vip: a protocol room takes"},
		{"and do not know the configuration", room("internal/ipvs", in("internal/config")), "internal/ipvs imports internal/config: a protocol room takes"},
		{"nor do their folders", room("internal/ipvs/ipvstest", in("internal/owned")), "internal/ipvs/ipvstest imports internal/owned: a protocol room takes"},
		{"nor do their tests", pkg{ImportPath: in("internal/sysctl"), TestImports: []string{in("internal/owned")}},
			"tests of internal/sysctl import internal/owned: a protocol room takes"},
		{"nor their outer tests", pkg{ImportPath: in("internal/sysctl"), XTestImports: []string{in("internal/owned")}},
			"tests of internal/sysctl import internal/owned: a protocol room takes"},
		{"a room's own folder is its own", room("internal/ipvs/ipvstest", in("internal/ipvs")), ""},
		{"the node has the machine", room("internal/vrrp/node", in("internal/vrrp")), ""},
		{"the machine has no node", room("internal/vrrp", in("internal/vrrp/node")), "internal/vrrp imports internal/vrrp/node: the state machine is pure"},
		{"the machine has no sockets", pkg{ImportPath: in("internal/vrrp"), Deps: []string{"fmt", "net"}},
			"internal/vrrp depends on net: the state machine is pure"},
		{"the director has the protocols", room("internal/director", in("internal/vip"), in("internal/vrrp/node")), ""},
		{"the director has no servers", room("internal/director", in("internal/control")), "internal/director imports internal/control: the director joins"},
		{"helpers for tests stay in tests", room("internal/director", in("internal/vip/viptest")), "internal/director imports internal/vip/viptest: it is for tests"},
		{"and may be used there", pkg{ImportPath: in("internal/director"), TestImports: []string{in("internal/vip/viptest")}}, ""},
		{"control has the status alone", room("internal/control", in("internal/health")), "internal/control imports internal/health: it reads"},
		{"control makes no director", pkg{ImportPath: in("internal/control"), used: []string{"director.Status", "director.New"}},
			"internal/control uses director.New: it reads"},
		{"metrics has the status alone", room("internal/metrics", in("internal/vrrp")), "internal/metrics imports internal/vrrp: it reads"},
		{"the command has no protocols", room("cmd/lbha", in("internal/health")), "cmd/lbha imports internal/health: the command reads flags"},
		{"the lab has the status", pkg{ImportPath: in("test/netns"), Imports: []string{in("internal/director")}, used: []string{"director.Status"}}, ""},
		{"the lab makes no director", pkg{ImportPath: in("test/netns"), used: []string{"director.New"}}, "test/netns uses director.New: the lab drives"},
		{"nobody has the command", room("internal/control", in("cmd/lbha")), "internal/control imports cmd/lbha: it reads"},
		{"a new room needs a rule", room("internal/bgp"), "internal/bgp has no rule: say in rules_test.go who may import whom"},
		{"libraries stay behind their adapter", room("internal/director", "github.com/moby/ipvs"), "internal/director imports github.com/moby/ipvs: its reads and writes"},
		{"folders of a library too", room("internal/arp", "github.com/vishvananda/netlink/nl"), "internal/arp imports github.com/vishvananda/netlink/nl: the kernel's"},
		{"not what only begins alike", room("internal/arp", "github.com/mdlayher/arping"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := check([]pkg{tt.pkg})
			if tt.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || tt.want == "" || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("complaints (-want +got):\n%s", cmp.Diff([]string{tt.want}, got))
			}
		})
	}
}

func TestUsedNamesAreFoundUnderAnyName(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.go")
	const code = `package x
import (
	"net/http"
	d "github.com/lbha/lbha/internal/director"
	"github.com/lbha/lbha/internal/config"
)
var _ d.Status
func f() { _ = d.New; _, _ = config.Load("", config.Options{}); http.Error(nil, "", 0) }
`
	if err := os.WriteFile(file, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	want := []string{"director.Status", "director.New", "config.Load", "config.Options"}
	if diff := cmp.Diff(want, uses(t, file)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// check returns one sentence for each breach of a rule.
func check(pkgs []pkg) []string {
	var complaints []string
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	for _, p := range pkgs {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		r, ok := roomOf(name)
		if !ok {
			complain("%s has no rule: say in rules_test.go who may import whom", name)
			continue
		}
		for _, imported := range p.Imports {
			for _, a := range adapters {
				if within(imported, a.library) && !slices.Contains(a.rooms, r.name) {
					complain("%s imports %s: %s", name, imported, a.why)
				}
			}
			other, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case !ours:
			case !allowed(r, other, false):
				complain("%s imports %s: %s", name, other, r.why)
			case strings.HasSuffix(other, "test"):
				complain("%s imports %s: it is for tests", name, other)
			}
		}
		for _, imported := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(p.TestImports, p.XTestImports)))) {
			if other, ours := strings.CutPrefix(imported, module+"/"); ours && !allowed(r, other, true) {
				complain("tests of %s import %s: %s", name, other, r.why)
			}
		}
		for _, dep := range p.Deps {
			if slices.Contains(r.pure, dep) {
				complain("%s depends on %s: %s", name, dep, r.why)
			}
		}
		for _, used := range p.used {
			if slices.Contains(r.never, used) {
				complain("%s uses %s: %s", name, used, r.why)
			}
		}
	}
	return complaints
}

// roomOf returns the innermost room in which a package lies.
func roomOf(name string) (room, bool) {
	var best room
	for _, r := range rooms {
		if within(name, r.name) && len(r.name) > len(best.name) {
			best = r
		}
	}
	return best, best.name != ""
}

func allowed(r room, other string, test bool) bool {
	o, ok := roomOf(other)
	return ok && (o.name == r.name || slices.Contains(r.may, o.name) || test && slices.Contains(r.tests, o.name))
}

func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// list returns the module's packages as they are, those of the lab tests'
// build tag included.
func list(t *testing.T) []pkg {
	t.Helper()
	lookAtFiles(t)
	cmd := exec.Command("go", "list", "-e", "-tags=lab", "-json=ImportPath,Dir,GoFiles,Imports,Deps,TestImports,XTestImports", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, file := range p.GoFiles {
			p.used = append(p.used, uses(t, filepath.Join(p.Dir, file))...)
		}
		p.used = slices.Compact(slices.Sorted(slices.Values(p.used)))
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 2 {
		t.Fatalf("go list found only %d packages", len(pkgs))
	}
	return pkgs
}

// uses returns the exported names that a file takes from rooms of this module,
// as "package.Name".
func uses(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Logf("not looked at: %v", err) // the compiler will complain
		return nil
	}
	local := make(map[string]string) // the name in this file to the package's
	for _, spec := range file.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		if !strings.HasPrefix(imported, module+"/") {
			continue
		}
		base := path.Base(imported)
		local[base] = base
		if spec.Name != nil {
			local[spec.Name.Name] = base
		}
	}
	var used []string
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && local[x.Name] != "" {
				used = append(used, local[x.Name]+"."+sel.Sel.Name)
			}
		}
		return true
	})
	return used
}

// lookAtFiles tells go test what the result depends on: it does not see what
// the go command reads, and would repeat an old result after an import changed.
func lookAtFiles(t *testing.T) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone since its folder was read
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != root:
			return filepath.SkipDir
		case strings.HasSuffix(name, ".go"):
			_, _ = os.Stat(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
