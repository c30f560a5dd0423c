package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// module is stripped from package paths before they are matched.
const module = "github.com/simctl/simctl/"

var analyzer = &analysis.Analyzer{
	Name:     "detlint",
	Doc:      "report constructs that make two runs of one seed differ",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      run,
}

// A linter is one package being looked at.
type linter struct {
	pass    *analysis.Pass
	path    string // without the module's name
	excuses *excuses
}

func run(pass *analysis.Pass) (any, error) {
	l := &linter{pass: pass, path: relative(pass.Pkg.Path()), excuses: findExcuses(pass)}
	ins := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	switch {
	case pure(l.path):
		l.imports()
		ins.WithStack(kinds, l.visit)
	case stable(l.path):
		ins.WithStack(kinds, l.visitStable)
	}
	l.excuses.reportUnused(pass)
	return nil, nil
}

var kinds = []ast.Node{
	(*ast.RangeStmt)(nil), (*ast.GoStmt)(nil), (*ast.SelectStmt)(nil), (*ast.Ident)(nil),
	(*ast.CallExpr)(nil), (*ast.BinaryExpr)(nil), (*ast.SwitchStmt)(nil), (*ast.AssignStmt)(nil),
}

func (l *linter) visit(n ast.Node, push bool, stack []ast.Node) bool {
	if !push {
		return true
	}
	switch n := n.(type) {
	case *ast.RangeStmt:
		l.rangeStmt(n)
	case *ast.GoStmt:
		l.report(n.Pos(), "go statement: the Go scheduler, not the kernel, would order it")
	case *ast.SelectStmt:
		l.report(n.Pos(), "select: the runtime picks a case at random; wait for one event at a time")
	case *ast.Ident:
		l.name(n, stack)
	case *ast.CallExpr:
		l.formats(n)
		l.continuation(n)
		l.extremum(n)
	case *ast.BinaryExpr:
		l.comparison(n)
		l.float(n.OpPos, n.Op, n.X)
	case *ast.SwitchStmt:
		if n.Tag != nil {
			l.decides(n.Tag)
		}
	case *ast.AssignStmt:
		if op, ok := assigned[n.Tok]; ok {
			l.float(n.TokPos, op, n.Lhs[0])
		}
	}
	return true
}

// visitStable looks only for what would make the same data print differently.
func (l *linter) visitStable(n ast.Node, push bool, stack []ast.Node) bool {
	if !push {
		return true
	}
	switch n := n.(type) {
	case *ast.RangeStmt:
		l.rangeStmt(n)
	case *ast.Ident:
		l.unsorted(n, stack)
	case *ast.CallExpr:
		l.formats(n)
	}
	return true
}

// report tells of a construct, unless a comment excuses it or it stands in a
// test: tests may use what they like.
func (l *linter) report(pos token.Pos, format string, args ...any) {
	p := l.pass.Fset.Position(pos)
	if strings.HasSuffix(p.Filename, "_test.go") || l.excuses.use(p.Filename, p.Line) {
		return
	}
	l.pass.Reportf(pos, format, args...)
}

// relative strips the module's name and what the go command adds to the path
// of a package that is compiled for a test.
func relative(path string) string {
	path, _, _ = strings.Cut(path, " ")
	return strings.TrimPrefix(path, module)
}

// pure reports whether the package must give the same bytes for the same seed.
// What serves tests alone need not: a package called ...test, as coordtest, and
// the go command's own main of a test, "x.test".
func pure(path string) bool {
	if strings.HasSuffix(path, "test") {
		return false
	}
	top, rest, _ := strings.Cut(path, "/")
	switch top {
	case "impl":
		sub, _, _ := strings.Cut(rest, "/")
		return sub != "live"
	case "sim", "model", "checker", "scenarios":
		return true
	}
	return false
}

// stable reports whether the package may use clocks and goroutines, but must
// print the same bytes for the same data.
func stable(path string) bool {
	return path == strings.TrimSuffix(module, "/") || path == "reports" || strings.HasPrefix(path, "reports/")
}

// function returns the package-level function or method that e names, or nil.
func (l *linter) function(e ast.Expr) *types.Func {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		fn, _ := l.pass.TypesInfo.Uses[e].(*types.Func)
		return fn
	case *ast.SelectorExpr:
		fn, _ := l.pass.TypesInfo.Uses[e.Sel].(*types.Func)
		return fn
	case *ast.IndexExpr:
		return l.function(e.X)
	case *ast.IndexListExpr:
		return l.function(e.X)
	}
	return nil
}

// qualified returns "path.Name" of a package-level function, and "" for a
// method or no function.
func qualified(fn *types.Func) string {
	if fn == nil || fn.Pkg() == nil || fn.Signature().Recv() != nil {
		return ""
	}
	return relative(fn.Pkg().Path()) + "." + fn.Name()
}
