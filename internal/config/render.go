package config

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// hcl has a writer of its own; it names no column, marks the place only in colour and
// prints a line of any length.

const (
	ansiRed    = "\x1b[1;31m"
	ansiYellow = "\x1b[1;33m"
	ansiReset  = "\x1b[0m"

	maxShown  = 160 // characters of a source line; of a longer one, the part around the mark
	shownLead = 60  // of them before the mark
)

// Write prints every diagnostic: what is wrong, where, the source line with the place
// marked, and how to mend it. width wraps the explanations; 0 or less leaves them.
// Color colours the severity and the mark; nothing is said by colour alone.
func (d *Diagnostics) Write(w io.Writer, color bool, width int) error {
	if d == nil {
		return nil
	}
	out := bufio.NewWriter(w)
	for _, diag := range d.list {
		word, paint := "Error", ansiRed
		if diag.Severity == hcl.DiagWarning {
			word, paint = "Warning", ansiYellow
		}
		reset := ansiReset
		if !color {
			paint, reset = "", ""
		}
		fmt.Fprintf(out, "%s%s%s: %s\n\n", paint, word, reset, diag.Summary)
		if diag.Subject != nil {
			d.writePlace(out, *diag.Subject, paint, reset)
		}
		if diag.Detail != "" {
			fmt.Fprintf(out, "%s\n\n", wrap(diag.Detail, width))
		}
	}
	return out.Flush()
}

func (d *Diagnostics) writePlace(w io.Writer, at hcl.Range, paint, reset string) {
	file := d.files[at.Filename]
	fmt.Fprintf(w, "  on %s line %d, column %d", at.Filename, at.Start.Line, at.Start.Column)
	if header := blockAround(file, at.Start.Byte); header != "" {
		fmt.Fprintf(w, ", in %s", header)
	}
	fmt.Fprint(w, ":\n")
	before, marked, after := sourceLine(file, at)
	if before+marked+after != "" {
		// The line is shown as it is and the mark below it, so that tabs line up.
		number := fmt.Sprintf("%4d: ", at.Start.Line)
		indent := strings.Map(func(r rune) rune {
			if r == '\t' {
				return r
			}
			return ' '
		}, number+before)
		fmt.Fprintf(w, "%s%s%s%s\n", number, before, marked, after)
		fmt.Fprintf(w, "%s%s%s%s\n", indent, paint, strings.Repeat("^", max(1, utf8.RuneCountInString(marked))), reset)
	}
	fmt.Fprintln(w)
}

// sourceLine is the line in which a range starts, in three parts, of which the middle
// one is the range as far as it is on that line.
func sourceLine(file *hcl.File, at hcl.Range) (before, marked, after string) {
	if file == nil || at.Start.Byte > len(file.Bytes) {
		return "", "", ""
	}
	src := file.Bytes
	start := bytes.LastIndexByte(src[:at.Start.Byte], '\n') + 1
	end := len(src)
	if i := bytes.IndexByte(src[at.Start.Byte:], '\n'); i >= 0 {
		end = at.Start.Byte + i
	}
	markEnd := max(at.Start.Byte, min(at.End.Byte, end))
	before = printable(src[start:at.Start.Byte])
	marked = printable(src[at.Start.Byte:markEnd])
	after = strings.TrimRight(printable(src[markEnd:end]), " \t")
	if utf8.RuneCountInString(before+marked+after) > maxShown {
		before, marked, after = crop(before, marked, after)
	}
	return before, marked, after
}

// crop keeps what is around the mark.
func crop(before, marked, after string) (string, string, string) {
	b, m, a := []rune(before), []rune(marked), []rune(after)
	if len(b) > shownLead {
		b = append([]rune("..."), b[len(b)-shownLead:]...)
	}
	left := maxShown - len(b)
	if len(m) > left {
		m, a = append(m[:left:left], []rune("...")...), nil
	}
	left = max(0, left-len(m))
	if len(a) > left {
		a = append(a[:left:left], []rune("...")...)
	}
	return string(b), string(m), string(a)
}

// printable keeps a file from steering the terminal.
func printable(src []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSuffix(string(src), "\r"), string(utf8.RuneError)))
}

// blockAround is the header of the outermost block around an offset, or "".
func blockAround(file *hcl.File, offset int) string {
	if file == nil {
		return ""
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return ""
	}
	// Blocks are in file order.
	i := sort.Search(len(body.Blocks), func(i int) bool { return body.Blocks[i].TypeRange.Start.Byte > offset }) - 1
	if i < 0 || offset >= body.Blocks[i].Range().End.Byte {
		return ""
	}
	header := body.Blocks[i].Type
	for _, label := range body.Blocks[i].Labels {
		header += fmt.Sprintf(" %q", label)
	}
	return header
}

// wrap breaks lines at spaces where they would be longer than width.
func wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == "":
				line = word
			case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
				line += " " + word
			default:
				lines = append(lines, line)
				line = word
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
