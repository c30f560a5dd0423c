package simctl_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// badDeclarations returns the exported names without a comment that begins
// with them, and the functions that are too long.
func badDeclarations(name string, text []byte) (found []string) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	complain := func(at ast.Node, what string, args ...any) {
		found = append(found, fmt.Sprintf("%s:%d: %s", name, fset.Position(at.Pos()).Line, fmt.Sprintf(what, args...)))
	}
	isTest := strings.HasSuffix(name, "_test.go")
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			lines := fset.Position(decl.End()).Line - fset.Position(decl.Pos()).Line + 1
			if lines > functionMax && !isTest {
				complain(decl, "%s has %d lines; the limit is %d", decl.Name.Name, lines, functionMax)
			}
			if full, exported := exportedFunc(decl); exported && !isTest {
				checkComment(decl, decl.Name.Name, full, decl.Doc, complain)
			}
		case *ast.GenDecl:
			if !isTest {
				checkGroup(decl, complain)
			}
		}
	}
	return found
}

// exportedFunc returns a function's name with its receiver's before it, and
// whether others can call it by that name.
func exportedFunc(decl *ast.FuncDecl) (full string, exported bool) {
	if decl.Recv == nil {
		return decl.Name.Name, decl.Name.IsExported()
	}
	recv := decl.Recv.List[0].Type
	for {
		switch r := recv.(type) {
		case *ast.StarExpr:
			recv = r.X
		case *ast.IndexExpr:
			recv = r.X
		case *ast.IndexListExpr:
			recv = r.X
		case *ast.Ident:
			return r.Name + "." + decl.Name.Name, r.IsExported() && decl.Name.IsExported()
		default:
			return decl.Name.Name, false
		}
	}
}

// checkGroup looks at types, constants and variables. A comment on the group
// speaks for the constants and variables in it, not for the types.
func checkGroup(decl *ast.GenDecl, complain func(ast.Node, string, ...any)) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := spec.Doc
			if doc == nil && !decl.Lparen.IsValid() {
				doc = decl.Doc
			}
			if spec.Name.IsExported() {
				checkComment(spec, spec.Name.Name, spec.Name.Name, doc, complain)
			}
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				if name.IsExported() && decl.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					complain(name, "exported %s has no comment", name.Name)
				}
			}
		}
	}
}

// checkComment wants a comment whose first sentence holds the name early, as
// "Draw returns ..." or "A Clock tells ...".
func checkComment(at ast.Node, name, full string, doc *ast.CommentGroup, complain func(ast.Node, string, ...any)) {
	if doc == nil {
		complain(at, "exported %s has no comment", full)
		return
	}
	words := strings.Fields(doc.Text())
	for i := range min(2, len(words)) {
		if strings.Trim(words[i], ".,:;'s") == strings.Trim(name, "s") || strings.HasPrefix(words[i], name) {
			return
		}
	}
	complain(at, "the comment on %s does not begin with its name", full)
}

// undocumentedPackages returns the packages without a package comment, and
// those with several.
func undocumentedPackages(files map[string][]byte) (found []string) {
	comments := map[string]int{}
	for name, text := range files {
		if !isSource(name) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.PackageClauseOnly)
		dir := path.Dir(name)
		comments[dir] += 0
		if err == nil && file.Doc != nil {
			comments[dir]++
		}
	}
	for _, dir := range sortedNames(comments) {
		if n := comments[dir]; n != 1 {
			found = append(found, fmt.Sprintf("%s: %d package comments; want one", dir, n))
		}
	}
	return found
}

// unreadGolden returns the files under testdata that no test of their package
// names: by a path that covers them, or by the name of the file, of a
// directory above it, or of the fuzz or rapid test that they belong to.
func unreadGolden(files map[string][]byte) (found []string) {
	for _, name := range sortedNames(files) {
		dir, rest, ok := strings.Cut("/"+name, "/testdata/")
		if !ok {
			continue
		}
		dir = strings.TrimPrefix(dir, "/")
		if !mentioned(files, dir, rest) {
			found = append(found, name+": no test reads it")
		}
	}
	return found
}

// mentioned reports whether a test in dir names testdata/rest.
func mentioned(files map[string][]byte, dir, rest string) bool {
	for name, text := range files {
		if strings.HasSuffix(name, "_test.go") && path.Dir(name) == path.Clean(dir) && mentions(text, rest) {
			return true
		}
	}
	return false
}

func mentions(text []byte, rest string) (found bool) {
	file, err := parser.ParseFile(token.NewFileSet(), "x_test.go", text, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Join" {
				for _, arg := range n.Args { // "testdata" alone covers nothing here
					lit, ok := arg.(*ast.BasicLit)
					found = found || ok && lit.Value != `"testdata"` && literalCovers(lit, rest)
				}
				return false
			}
		case *ast.FuncDecl:
			found = found || strings.Contains("/"+rest, "/"+n.Name.Name+"/")
		case *ast.BasicLit:
			found = found || literalCovers(n, rest)
		}
		return !found
	})
	return found
}

// literalCovers reports whether a string in a test stands for testdata/rest.
func literalCovers(lit *ast.BasicLit, rest string) bool {
	text, err := strconv.Unquote(lit.Value)
	if err != nil || lit.Kind != token.STRING || text == "" {
		return false
	}
	text = strings.Trim(text, "/")
	full := "testdata/" + rest
	if text == full || strings.HasPrefix(text, "testdata") && strings.HasPrefix(full, text+"/") {
		return true
	}
	if matched, err := path.Match(text, full); err == nil && matched {
		return true
	}
	if strings.Contains(text, "/") {
		return strings.Contains("/"+rest, "/"+text+"/")
	}
	for part := range strings.SplitSeq(rest, "/") {
		if text == part || text == strings.TrimSuffix(part, path.Ext(part)) {
			return true
		}
	}
	return false
}

func TestUnreadGoldenFilesAreCaught(t *testing.T) {
	tests := []struct {
		name, test, golden string
		read               bool
	}{
		{"a walk over all", `datadriven.Walk(t, "testdata", nil)`, "a/b.txt", true},
		{"a walk over a part", `datadriven.Walk(t, "testdata/a", nil)`, "a/b.txt", true},
		{"a walk over another part", `datadriven.Walk(t, "testdata/c", nil)`, "a/b.txt", false},
		{"a pattern", `filepath.Glob("testdata/*.txt")`, "b.txt", true},
		{"a joined name", `os.ReadFile(filepath.Join("testdata", "b.txt"))`, "b.txt", true},
		{"another joined name", `os.ReadFile(filepath.Join("testdata", "c.txt"))`, "b.txt", false},
		{"a name in a table", `run("b")`, "b.txt", true},
		{"a fuzz corpus", ``, "fuzz/FuzzX/123", true},
		{"the corpus of a fuzz test that is gone", ``, "fuzz/FuzzY/123", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string][]byte{
				"x/a_test.go":             []byte("package x\n\nfunc FuzzX() {\n\t" + tt.test + "\n}\n"),
				"x/testdata/" + tt.golden: nil,
			}
			require.Equal(t, tt.read, len(unreadGolden(files)) == 0)
		})
	}
}

func TestPackagesWithoutOneCommentAreCaught(t *testing.T) {
	doc := []byte("// Package x is.\npackage x\n")
	require.Empty(t, undocumentedPackages(map[string][]byte{"x/a.go": doc, "x/b.go": []byte("package x\n")}))
	require.Len(t, undocumentedPackages(map[string][]byte{"x/a.go": doc, "x/b.go": doc}), 1)
	require.Len(t, undocumentedPackages(map[string][]byte{"x/b.go": []byte("package x\n")}), 1)
}
