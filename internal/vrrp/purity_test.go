package vrrp_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The package decides and does nothing else: what it may import is a closed
// list, and of package time it may have the types only.
var allowedImports = []string{"encoding/binary", "fmt", "net/netip", "slices", "time"}

// timeValues are the names of package time that do not look at a clock or wait
// for one.
var timeValues = []string{"Time", "Duration", "Nanosecond", "Microsecond", "Millisecond", "Second"}

func TestPackageIsPure(t *testing.T) {
	fset := token.NewFileSet()
	for name, file := range sources(t, fset) {
		for _, spec := range file.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err != nil || !slices.Contains(allowedImports, path) {
				t.Errorf("%s imports %s", name, spec.Path.Value)
			} else if spec.Name != nil {
				t.Errorf("%s gives %s another name", name, path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if what := impure(n); what != "" {
				t.Errorf("%s: %s", fset.Position(n.Pos()), what)
			}
			return true
		})
	}
}

// impure says what a node of syntax has to do with clocks, goroutines or
// channels.
func impure(n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "starts a goroutine"
	case *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
		return "uses a channel"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "receives from a channel"
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
			return "writes to standard error"
		}
	case *ast.SelectorExpr:
		if id, ok := n.X.(*ast.Ident); !ok {
			return ""
		} else if id.Name == "time" && !slices.Contains(timeValues, n.Sel.Name) {
			return "uses time." + n.Sel.Name
		} else if id.Name == "fmt" && !strings.HasPrefix(n.Sel.Name, "Sprint") && n.Sel.Name != "Errorf" {
			return "uses fmt." + n.Sel.Name
		}
	}
	return ""
}

func sources(t *testing.T, fset *token.FileSet) map[string]*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = f
	}
	if len(files) < 5 {
		t.Fatalf("only %d source files seen", len(files))
	}
	return files
}

// What the allowed packages bring along is the standard library's affair, but
// nothing of this module, of others, or of the network comes with them.
func TestDependenciesStayOutOfTheNetwork(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	const this = "github.com/lbha/lbha/internal/vrrp"
	banned := []string{"net", "log", "log/slog", "context", "os/exec", "os/signal", "math/rand", "math/rand/v2"}
	deps := strings.Fields(string(out))
	for _, p := range deps {
		if strings.Contains(p, ".") && p != this || slices.Contains(banned, p) {
			t.Errorf("depends on %s", p)
		}
	}
	if !slices.Contains(deps, this) {
		t.Errorf("go list did not look at %s: %v", this, deps)
	}
}
