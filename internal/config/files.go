package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const (
	maxFileBytes = 4 << 20 // of one configuration file
	maxFiles     = 1024    // the main one and all included ones
)

// sources are the files of a configuration, read and parsed but not yet understood.
type sources struct {
	dir    string // of the main file: what the function file starts from
	order  []string
	files  map[string]*hcl.File
	bodies []hcl.Body // without the include arguments
	hash   string
	diags  hcl.Diagnostics
	// dynamic are the places of what is written directly in a dynamic block.
	dynamic map[placeKey]bool

	infos   []os.FileInfo // of order, to know a file again under another name
	reading []os.FileInfo // the chain of includes that leads to where we are
}

// placeKey is a place in a file, as a key of a map.
type placeKey struct {
	file   string
	offset int
}

// readSources reads a file and all that it includes. It goes on after a mistake, so
// that the diagnostics are those of all files.
func readSources(path string) *sources {
	s := &sources{dir: filepath.Dir(path), files: map[string]*hcl.File{}, dynamic: map[placeKey]bool{}}
	s.read(path, nil)
	sum := sha256.New()
	for _, name := range s.order {
		sum.Write(s.files[name].Bytes)
	}
	s.hash = hex.EncodeToString(sum.Sum(nil))
	return s
}

// read adds one file, then what it includes. from is the include that names it.
func (s *sources) read(path string, from *hcl.Range) {
	src, info, err := readRegular(path, maxFileBytes)
	if err != nil {
		s.errorf(from, "Unreadable configuration file", "%s.", err)
		return
	}
	same := func(other os.FileInfo) bool { return os.SameFile(info, other) }
	if slices.ContainsFunc(s.reading, same) {
		s.errorf(from, "Include loop", "%s is included by itself, here or through the files between.", path)
		return
	}
	if slices.ContainsFunc(s.infos, same) {
		return // two patterns match it; once is enough
	}
	if len(s.order) == maxFiles {
		s.errorf(from, "Too many files", "A configuration has at most %d files.", maxFiles)
		return
	}
	s.order = append(s.order, path)
	s.infos = append(s.infos, info)
	s.files[path] = &hcl.File{Bytes: src}
	if include := s.parse(path, src); include != nil {
		s.reading = append(s.reading, info)
		s.include(filepath.Dir(path), include)
		s.reading = s.reading[:len(s.reading)-1]
	}
}

// parse adds the body of one file, and returns its include argument, if it has one.
func (s *sources) parse(path string, src []byte) *hcl.Attribute {
	if diag := checkNesting(src, path); diag != nil {
		s.diags = append(s.diags, diag)
		return nil
	}
	file, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	s.diags = append(s.diags, trimSyntax(diags)...)
	if file == nil || file.Body == nil {
		return nil
	}
	s.files[path] = file
	s.noteDynamic(file.Body.(*hclsyntax.Body), false)
	content, rest, diags := file.Body.PartialContent(grammar("include"))
	s.diags = append(s.diags, diags...)
	s.bodies = append(s.bodies, rest)
	return content.Attributes["include"]
}

// trimSyntax drops what the parser says after a text that is not closed: to it, all
// that follows is inside out.
func trimSyntax(diags hcl.Diagnostics) hcl.Diagnostics {
	for i, diag := range diags {
		if diag.Summary == "Invalid multi-line string" {
			diag.Detail = `The text is not closed on its line; add the ". A line's end in a text is written \n.`
			return diags[:i+1]
		}
	}
	return diags
}

// noteDynamic remembers where dynamic blocks have arguments and blocks of their own.
// hcl reports mistakes there together with those of the block around.
func (s *sources) noteDynamic(body *hclsyntax.Body, in bool) {
	for _, attr := range body.Attributes {
		if in {
			s.dynamic[placeKey{attr.NameRange.Filename, attr.NameRange.Start.Byte}] = true
		}
	}
	for _, blk := range body.Blocks {
		if in {
			s.dynamic[placeKey{blk.TypeRange.Filename, blk.TypeRange.Start.Byte}] = true
		}
		s.noteDynamic(blk.Body, blk.Type == "dynamic")
	}
}

// include reads the files that an include argument names: its patterns in the order
// in which they stand, the files of each in the order of their names.
func (s *sources) include(dir string, attr *hcl.Attribute) {
	rng := attr.Expr.Range()
	val, diags := attr.Expr.Value(&hcl.EvalContext{Functions: functions(s.dir)})
	for _, diag := range diags {
		if diag.Summary == "Variables not allowed" || diag.Summary == "Unknown variable" {
			diag.Detail = "Files are included before anything else is known: neither local nor self can be used in include."
		}
		s.diags = append(s.diags, diag)
	}
	if diags.HasErrors() {
		return
	}
	patterns, ok := textList(val)
	if !ok {
		s.errorf(&rng, "Invalid include", `A list of texts is wanted here, such as ["conf.d/*.hcl"].`)
		return
	}
	for _, pattern := range patterns {
		s.glob(dir, pattern, rng)
	}
}

func (s *sources) glob(dir, pattern string, rng hcl.Range) {
	if pattern == "" {
		s.errorf(&rng, "Invalid include", "An empty text names no file.")
		return
	}
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(escapeGlob(dir), pattern)
	}
	matches, err := filepath.Glob(pattern)
	if err != nil {
		s.errorf(&rng, "Invalid include", "%q is not a pattern for file names: a [ is not closed.", pattern)
		return
	}
	if len(matches) == 0 && !hasMeta(pattern) {
		s.errorf(&rng, "Invalid include", "There is no file %s. (A pattern with * may match none.)", pattern)
		return
	}
	slices.Sort(matches)
	for _, match := range matches {
		s.read(match, &rng)
	}
}

func (s *sources) errorf(at *hcl.Range, summary, format string, args ...any) {
	s.diags = append(s.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at})
}

// textList takes a list of texts apart.
func textList(val cty.Value) ([]string, bool) {
	if !val.IsWhollyKnown() || val.IsNull() || !val.CanIterateElements() || val.Type().IsMapType() || val.Type().IsObjectType() {
		return nil, false
	}
	var texts []string
	for _, v := range val.AsValueSlice() {
		if v.Type() != cty.String || v.IsNull() {
			return nil, false
		}
		texts = append(texts, v.AsString())
	}
	return texts, true
}

func hasMeta(pattern string) bool { return strings.ContainsAny(pattern, `*?[\`) }

// escapeGlob makes a folder's own name mean itself in a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
