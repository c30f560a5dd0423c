package simctl_test

import (
	"bytes"
	"fmt"
	"go/format"
	"net/url"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sizes that the house keeps to, in lines. A package is measured without
// blank lines and comments: it is code that must be held in mind.
const (
	fileMax     = 400
	testFileMax = 600
	functionMax = 70
	packageMax  = 2000
)

// tree is the committed text of the project, as it stands in this checkout.
func tree(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.Command("git", "ls-files").Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	files := map[string][]byte{}
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, but not yet committed
		}
		require.NoError(t, err)
		files[name] = text
	}
	return files
}

func TestTreeIsTidy(t *testing.T) {
	files := tree(t)
	for _, name := range sortedNames(files) {
		for _, complaint := range untidy(name, files[name]) {
			t.Error(complaint)
		}
	}
	for _, complaint := range bigPackages(files) {
		t.Error(complaint)
	}
	for _, complaint := range unreadGolden(files) {
		t.Error(complaint)
	}
	for _, complaint := range undocumentedPackages(files) {
		t.Error(complaint)
	}
}

// untidy returns what is wrong with one file.
func untidy(name string, text []byte) (found []string) {
	complain := func(line int, what string, args ...any) {
		found = append(found, fmt.Sprintf("%s:%d: %s", name, line, fmt.Sprintf(what, args...)))
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil // a picture
	}
	for i, line := range strings.Split(string(text), "\n") {
		for _, mark := range unwanted() {
			if m := mark.pattern.FindString(line); m != "" && name != "LICENSE" {
				complain(i+1, "%s: %q", mark.what, m)
			}
		}
	}
	if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
		return found
	}
	lines, limit := bytes.Count(text, []byte("\n")), fileMax
	if strings.HasSuffix(name, "_test.go") {
		limit = testFileMax
	}
	if lines > limit {
		complain(lines, "%d lines; the limit is %d: split it by topic", lines, limit)
	}
	if pretty, err := format.Source(text); err != nil || !bytes.Equal(pretty, text) {
		complain(1, "gofmt would change it")
	}
	return append(found, badDeclarations(name, text)...)
}

// A mark is something that no file may hold.
type mark struct {
	what    string
	pattern *regexp.Regexp
}

// unwanted are the marks. They are put together here so that this file does
// not hold them either.
var unwanted = sync.OnceValue(func() []mark {
	marks := []mark{
		{"unfinished work", regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)},
		{"a machine's path", regexp.MustCompile(`(^|[\s"'=(` + "`" + `])/(wor` + `k|hom` + `e|roo` + `t|Use` + `rs)/[\w.-]+`)},
		{"a licence header", regexp.MustCompile(`SPDX-` + `License|Copyri` + `ght \(?[cC0-9]`)},
		{"a merge's remains", regexp.MustCompile(`^(<<<<` + `<<<|>>>>` + `>>>)`)},
	}
	for _, host := range registries() {
		marks = append(marks, mark{"a registry's host", regexp.MustCompile(regexp.QuoteMeta(host))})
	}
	return marks
})

// registries are the hosts that this machine takes modules from: none has a
// place in the text of the project.
func registries() (hosts []string) {
	out, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		return nil
	}
	for item := range strings.FieldsFuncSeq(strings.TrimSpace(string(out)), func(r rune) bool { return r == ',' || r == '|' }) {
		u, err := url.Parse(item)
		if err == nil && u.Hostname() != "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// bigPackages returns the packages whose source is too long to be held in mind.
func bigPackages(files map[string][]byte) (found []string) {
	lines := map[string]int{}
	for name, text := range files {
		if isSource(name) {
			lines[path.Dir(name)] += codeLines(text)
		}
	}
	for _, dir := range sortedNames(lines) {
		if lines[dir] > packageMax {
			found = append(found, fmt.Sprintf("%s: %d lines of code; the limit of a package is %d: split it by noun", dir, lines[dir], packageMax))
		}
	}
	return found
}

// codeLines counts the lines that hold more than a comment.
func codeLines(text []byte) (n int) {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && !bytes.HasPrefix(line, []byte("//")) {
			n++
		}
	}
	return n
}

// isSource reports whether name is Go source that is neither test nor test data.
func isSource(name string) bool {
	return path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") && !strings.Contains(name, "testdata/")
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestUntidyFilesAreCaught(t *testing.T) {
	head := "// Package x is.\npackage x\n\n"
	tests := []struct{ name, file, text, want string }{
		{"a tidy file", "x/a.go", head + "// A is.\ntype A int\n", ""},
		{"unfinished work", "x/a.go", head + "// TO" + "DO: later\n", `x/a.go:4: unfinished work: "TO` + `DO"`},
		{"a machine's path", "README.md", "see /wor" + "k/shared", "README.md:1: a machine's path"},
		{"a path inside a URL is none", "README.md", "https://x.org/wor" + "k/shared", ""},
		{"a licence header", "x/a.go", "// Copyri" + "ght 2020 Somebody\n\n" + head + "// A is.\ntype A int\n", "x/a.go:1: a licence header"},
		{"a long file", "x/a.go", head + strings.Repeat("// .\n", fileMax), "the limit is 400"},
		{"a long test is longer", "x/a_test.go", head + strings.Repeat("// .\n", fileMax), ""},
		{"not formatted", "x/a.go", head + "var  a = 1\n", "gofmt would change it"},
		{"no comment", "x/a.go", head + "type A int\n", "x/a.go:4: exported A has no comment"},
		{"no comment on a method", "x/a.go", head + "type a int\n\nfunc (a) B() {}\n\n// C is.\ntype C int\n\nfunc (*C) D() {}\n", "x/a.go:11: exported C.D has no comment"},
		{"a group's comment counts", "x/a.go", head + "// The as.\nconst (\n\tA = 1\n\tB = 2\n)\n", ""},
		{"a comment that names something else", "x/a.go", head + "// B is.\nfunc A() {}\n", "the comment on A does not begin with its name"},
		{"a long function", "x/a.go", head + "func a() {\n" + strings.Repeat("\ta()\n", functionMax) + "}\n", "x/a.go:4: a has 72 lines; the limit is 70"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := untidy(tt.file, []byte(tt.text))
			if tt.want == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Contains(t, got[0], tt.want)
		})
	}
	require.Len(t, bigPackages(map[string][]byte{"x/a.go": bytes.Repeat([]byte("var _ int\n"), packageMax+1)}), 1)
}
