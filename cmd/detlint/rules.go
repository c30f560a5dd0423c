package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
)

// bannedImports are packages that have no place in code one goroutine enters
// at a time, or that know the machine.
var bannedImports = map[string]string{
	"sync":          "nothing to lock: one event is carried out at a time",
	"sync/atomic":   "nothing to lock: one event is carried out at a time",
	"crypto/rand":   "draw from the host's Rand",
	"hash/maphash":  "seeded per process: two runs would disagree",
	"math/rand":     "draw from the host's Rand",
	"unsafe":        "addresses differ from run to run",
	"os":            "only impl/live and cmd touch the machine",
	"os/exec":       "only impl/live and cmd touch the machine",
	"os/signal":     "only impl/live and cmd touch the machine",
	"net":           "only impl/live touches a socket",
	"net/http":      "only impl/live touches a socket",
	"runtime/debug": "stacks hold addresses, and settings are the process's",
}

// bannedCalls are functions whose result is the machine's, not the seed's.
var bannedCalls = map[string]string{
	"time.Now": "ask the host's clock", "time.Since": "ask the host's clock", "time.Until": "ask the host's clock",
	"time.Sleep": "start a timer", "time.After": "start a timer", "time.AfterFunc": "start a timer",
	"time.NewTimer": "start a timer", "time.NewTicker": "start a timer", "time.Tick": "start a timer",
	"time.LoadLocation":    "depends on the machine's time zones",
	"runtime.NumGoroutine": "depends on the scheduler", "runtime.Gosched": "depends on the scheduler",
	"runtime.NumCPU": "depends on the machine", "runtime.GOMAXPROCS": "depends on the machine",
	"runtime.Stack": "stacks hold addresses", "runtime.ReadMemStats": "depends on the collector",
	"context.WithTimeout": "start a timer", "context.WithDeadline": "start a timer",
}

func (l *linter) imports() {
	for _, f := range l.pass.Files {
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if why := bannedImports[path]; why != "" {
				l.report(spec.Pos(), "import of %s: %s", path, why)
			}
		}
	}
}

func (l *linter) rangeStmt(n *ast.RangeStmt) {
	if n.Key != nil && isMap(l.pass.TypesInfo.TypeOf(n.X)) && !l.fillsMaps(n.Body, n.Key) {
		l.report(n.Pos(), "range over map: order differs from run to run; range over slices.Sorted(maps.Keys(m))")
	}
}

// fillsMaps reports whether a loop over a map does nothing but store true in
// maps, or values under the loop's own key: that gives the same in any order.
func (l *linter) fillsMaps(body *ast.BlockStmt, key ast.Expr) bool {
	for _, stmt := range body.List {
		switch s := stmt.(type) {
		case *ast.IfStmt:
			if s.Init != nil || s.Else != nil || !l.fillsMaps(s.Body, key) {
				return false
			}
		case *ast.AssignStmt:
			if s.Tok != token.ASSIGN || len(s.Lhs) != len(s.Rhs) {
				return false
			}
			for i := range s.Lhs {
				if !l.storesInMap(s.Lhs[i], s.Rhs[i], key) {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

func (l *linter) storesInMap(to, value, key ast.Expr) bool {
	index, ok := ast.Unparen(to).(*ast.IndexExpr)
	if !ok || !isMap(l.pass.TypesInfo.TypeOf(index.X)) {
		return false
	}
	if v := l.pass.TypesInfo.Types[value].Value; v != nil && v.Kind() == constant.Bool && constant.BoolVal(v) {
		return true
	}
	k, ok := key.(*ast.Ident)
	i, also := index.Index.(*ast.Ident)
	return ok && also && l.pass.TypesInfo.ObjectOf(k) == l.pass.TypesInfo.ObjectOf(i)
}

// isMap reports whether t is a map, or a type parameter that may be one.
func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	param, ok := types.Unalias(t).(*types.TypeParam)
	if !ok {
		_, ok := t.Underlying().(*types.Map)
		return ok
	}
	constraint := param.Constraint().Underlying().(*types.Interface)
	for i := range constraint.NumEmbeddeds() {
		switch e := constraint.EmbeddedType(i).(type) {
		case *types.Union:
			for j := range e.Len() {
				if isMap(e.Term(j).Type()) {
					return true
				}
			}
		default:
			if isMap(e) {
				return true
			}
		}
	}
	return false
}

// name looks at a function by name, however its package is called here.
func (l *linter) name(n *ast.Ident, stack []ast.Node) {
	if v, ok := l.pass.TypesInfo.Uses[n].(*types.Var); ok && v.Pkg() != nil && v.Pkg().Path() == "time" && v.Name() == "Local" {
		l.report(n.Pos(), "time.Local: depends on the machine's time zone; use UTC")
	}
	fn, ok := l.pass.TypesInfo.Uses[n].(*types.Func)
	if !ok || fn.Pkg() == nil {
		return
	}
	path, name := fn.Pkg().Path(), fn.Name()
	if fn.Signature().Recv() != nil {
		if path == "reflect" && (name == "MapKeys" || name == "MapRange") {
			l.report(n.Pos(), "reflect.Value.%s: order differs from run to run", name)
		}
		return
	}
	if why := bannedCalls[path+"."+name]; why != "" {
		l.report(n.Pos(), "%s.%s: %s", path, name, why)
	}
	if path == "math/rand/v2" && !strings.HasPrefix(name, "New") {
		l.report(n.Pos(), "math/rand/v2.%s: global source; draw from the host's Rand", name)
	}
	l.unsorted(n, stack)
}

// unsorted looks for the iterators of package maps.
func (l *linter) unsorted(n *ast.Ident, stack []ast.Node) {
	switch name := qualified(l.function(n)); name {
	case "maps.Keys", "maps.Values", "maps.All":
		if !l.isSorted(stack) {
			l.report(n.Pos(), "%s: order differs from run to run; wrap it in slices.Sorted", name)
		}
	}
}

// isSorted reports whether a call around the top of stack is slices.Sorted,
// SortedFunc or SortedStableFunc.
func (l *linter) isSorted(stack []ast.Node) bool {
	for i := len(stack) - 1; i >= 0; i-- {
		call, ok := stack[i].(*ast.CallExpr)
		if ok && strings.HasPrefix(qualified(l.function(call.Fun)), "slices.Sorted") {
			return true
		}
	}
	return false
}

// pointerVerb is %p with its flags.
var pointerVerb = regexp.MustCompile(`(?:^|[^%])(?:%%)*%[-+#0-9.\[\]*]*p`)

func (l *linter) formats(call *ast.CallExpr) {
	fn := l.function(call.Fun)
	if fn == nil || fn.Pkg() == nil || (fn.Pkg().Path() != "fmt" && !strings.HasSuffix(fn.Name(), "f")) {
		return
	}
	for _, arg := range call.Args {
		v := l.pass.TypesInfo.Types[arg].Value
		if v != nil && v.Kind() == constant.String && pointerVerb.MatchString(constant.StringVal(v)) {
			l.report(arg.Pos(), "%%p: addresses differ from run to run")
		}
	}
}

// seams are the functions that register a continuation.
var seams = map[string]bool{
	"impl/host.Bind": true, "impl/host.BindResult": true, "impl/host.After": true,
	"impl/coord.Do": true, "impl/coord.Watch": true,
}

// continuation refuses closures where a continuation must be data: a world is
// cloned by finding the receiver again, and a closure has caught the old one.
func (l *linter) continuation(call *ast.CallExpr) {
	seam := qualified(l.function(call.Fun))
	if !seams[seam] {
		return
	}
	for _, arg := range call.Args {
		switch arg := ast.Unparen(arg).(type) {
		case *ast.FuncLit:
			l.report(arg.Pos(), "function literal passed to %s: a continuation must be data; pass (*T).method", seam)
		case *ast.SelectorExpr:
			sel := l.pass.TypesInfo.Selections[arg]
			if sel != nil && sel.Kind() == types.MethodVal {
				l.report(arg.Pos(), "bound method %s passed to %s: a continuation must be data; pass (*T).%s", arg.Sel.Name, seam, arg.Sel.Name)
			}
		}
	}
}

func (l *linter) comparison(n *ast.BinaryExpr) {
	switch n.Op {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		if !l.decides(n.X) {
			l.decides(n.Y)
		}
	}
}

// extremum refuses min and max of clock readings: they are comparisons too.
func (l *linter) extremum(call *ast.CallExpr) {
	id, ok := call.Fun.(*ast.Ident)
	if !ok || (id.Name != "min" && id.Name != "max") {
		return
	}
	if _, ok := l.pass.TypesInfo.Uses[id].(*types.Builtin); !ok {
		return
	}
	for _, arg := range call.Args {
		if l.decides(arg) {
			return
		}
	}
}

// decides reports a clock reading inside e, which something is decided by,
// and whether there was one. Only impl is held to it: the world owns the time.
func (l *linter) decides(e ast.Expr) bool {
	if !strings.HasPrefix(l.path, "impl/") {
		return false
	}
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		x, ok := n.(ast.Expr)
		if _, lit := n.(*ast.FuncLit); found || lit || !ok {
			return !found && !lit
		}
		if name := clockType(l.pass.TypesInfo.TypeOf(x)); name != "" {
			l.report(x.Pos(), "host.%s in a condition: clocks are for display; decide by timers", name)
			found = true
		}
		return !found
	})
	return found
}

// clockType returns "Mono" or "Wall" if t is that type of impl/host.
func clockType(t types.Type) string {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || relative(named.Obj().Pkg().Path()) != "impl/host" {
		return ""
	}
	if name := named.Obj().Name(); name == "Mono" || name == "Wall" {
		return name
	}
	return ""
}

// assigned maps the operators that assign to the operator they apply.
var assigned = map[token.Token]token.Token{
	token.ADD_ASSIGN: token.ADD, token.SUB_ASSIGN: token.SUB, token.MUL_ASSIGN: token.MUL, token.QUO_ASSIGN: token.QUO,
}

// float refuses floating-point arithmetic under impl and sim: the compiler
// fuses x*y+z on some machines and not on others, and the last bit differs.
func (l *linter) float(pos token.Pos, op token.Token, x ast.Expr) {
	if !strings.HasPrefix(l.path, "impl/") && !strings.HasPrefix(l.path, "sim/") {
		return
	}
	switch op {
	case token.ADD, token.SUB, token.MUL, token.QUO:
	default:
		return
	}
	tv := l.pass.TypesInfo.Types[x]
	if tv.Type == nil || tv.Value != nil {
		return
	}
	if b, ok := tv.Type.Underlying().(*types.Basic); ok && b.Info()&types.IsFloat != 0 {
		l.report(pos, "floating-point arithmetic: the last bit differs between machines; use integers")
	}
}
