package probe_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/probe"
)

// TestScripts runs testdata/scripts: probes that share a coordination service.
// "start NAME" starts one; below it stands its program, a line each:
//
//	session [name=S] [late] [once]
//	AT [then] [s=N] [retry] OPERATION | close | drop | open
//	work KEY=N...
//	recipe KIND AT PATH [name=X] [data=X] [rounds=N] [hold=D] [store=N] [s=N] [unfenced]
func TestScripts(t *testing.T) {
	hosttest.RunClusterScripts(t, "testdata/scripts", func(t *testing.T, d *datadriven.TestData) host.Process {
		var prog probe.Program
		for line := range strings.Lines(d.Input) {
			require.NoError(t, parse(&prog, strings.Fields(line)), line)
		}
		return probe.New(probe.Config{Servers: []host.Addr{"z1:2181"}, Program: prog})
	}, func(p host.Process) string {
		b, err := json.Marshal(p.(*probe.Probe).Progress())
		require.NoError(t, err)
		return string(b)
	})
}

func parse(prog *probe.Program, words []string) error {
	switch words[0] {
	case "session":
		var s probe.Session
		for _, w := range words[1:] {
			s.Late, s.Once = s.Late || w == "late", s.Once || w == "once"
			if name, ok := strings.CutPrefix(w, "name="); ok {
				s.Name = name
			}
		}
		prog.Sessions = append(prog.Sessions, s)
		return nil
	case "recipe":
		return parseRecipe(prog, words)
	case "work":
		return parseWork(prog, words)
	}
	return parseStep(prog, words)
}

func parseWork(prog *probe.Program, words []string) (err error) {
	fields := map[string]*int{
		"ops": &prog.Work.Ops, "nodes": &prog.Work.Nodes, "depth": &prog.Work.Depth, "watch": &prog.Work.Watch,
		"create": &prog.Work.Mix.Create, "get": &prog.Work.Mix.Get, "set": &prog.Work.Mix.Set, "sync": &prog.Work.Mix.Sync,
		"close": &prog.Work.Mix.Close, "multi": &prog.Work.Mix.Multi, "sequential": &prog.Work.Mix.Sequential,
		"delete": &prog.Work.Mix.Delete, "children": &prog.Work.Mix.Children,
	}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		f := fields[key]
		if f == nil {
			return fmt.Errorf("no field %s", key)
		}
		if *f, err = strconv.Atoi(value); err != nil {
			return err
		}
	}
	return nil
}

func parseStep(prog *probe.Program, words []string) (err error) {
	var s probe.Step
	if s.At, err = time.ParseDuration(words[0]); err != nil {
		return err
	}
	rest := words[1:]
	for ; len(rest) > 0; rest = rest[1:] {
		if n, ok := strings.CutPrefix(rest[0], "s="); ok {
			if s.Session, err = strconv.Atoi(n); err != nil {
				return err
			}
			continue
		}
		if rest[0] != "then" && rest[0] != "retry" {
			break
		}
		s.Then, s.Retry = s.Then || rest[0] == "then", s.Retry || rest[0] == "retry"
	}
	actions := map[string]probe.Action{"close": probe.Close, "drop": probe.Drop, "open": probe.Open}
	if a, ok := actions[rest[0]]; ok {
		s.Action = a
	} else if s.Op, s.Watch, err = probe.ParseOp(strings.Join(rest, " ")); err != nil {
		return err
	}
	prog.Steps = append(prog.Steps, s)
	return nil
}

func parseRecipe(prog *probe.Program, words []string) (err error) {
	r := probe.Recipe{Kind: probe.RecipeKind(words[1]), Path: words[3]}
	if r.At, err = time.ParseDuration(words[2]); err != nil {
		return err
	}
	for _, w := range words[4:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "name":
			r.Name = value
		case "data":
			r.Data = value
		case "unfenced":
			r.Unfenced = true
		case "hold":
			var d time.Duration
			d, err = time.ParseDuration(value)
			r.Hold = probe.Span{Lo: d, Hi: d}
		case "rounds":
			r.Rounds, err = strconv.Atoi(value)
		case "store":
			r.Store, err = strconv.Atoi(value)
		case "s":
			r.Session, err = strconv.Atoi(value)
		default:
			err = fmt.Errorf("no field %s", key)
		}
		if err != nil {
			return err
		}
	}
	prog.Recipes = append(prog.Recipes, r)
	return nil
}

func TestCloneAndDigestKnowEveryField(t *testing.T) {
	prog := probe.Program{
		Sessions: []probe.Session{{}, {}}, Steps: make([]probe.Step, 2), Recipes: make([]probe.Recipe, 2),
	}
	hosttest.CheckState(t, probe.New(probe.Config{Program: prog}), "h", "cfg")
}

func TestOperationsPrintAndParse(t *testing.T) {
	for _, text := range []string{
		"create /a", "create /a data=x ephemeral", `create /a data="a b;\"c" ephemeral sequential`, "create /a/s- sequential",
		"set /a data=y", "set /a data=y version=3", "delete /a", "delete /a version=0", "get /a", "get /a watch",
		"exists /a watch", "children / watch", "sync /a", "multi", "multi check /a version=1 ; set /b data=z ; create /c ; delete /d",
	} {
		op, watch, err := probe.ParseOp(text)
		require.NoError(t, err, text)
		require.Equal(t, text, probe.Text(&op, watch))
	}
	for _, bad := range []string{
		"", "get", "fly /a", "get a", "get /a data=x", "check /a watch", "create /a version=1", "set /a version=x",
		`set /a data="x`, "multi get /a", "multi set /a ; sync /b", "multi set /a watch", "sync /a watch",
	} {
		_, _, err := probe.ParseOp(bad)
		require.Error(t, err, bad)
	}
}

func TestLongDataAreToldByTheirDigest(t *testing.T) {
	op := coord.Op{Kind: coord.Set, Path: "/a", Data: []byte(strings.Repeat("x", 65)), Version: coord.AnyVersion}
	other := op
	other.Data = []byte(strings.Repeat("x", 64) + "y")
	require.Regexp(t, `^set /a data=#65:[0-9a-f]{16}$`, probe.Text(&op, false))
	require.NotEqual(t, probe.Text(&op, false), probe.Text(&other, false))
}

func TestEveryErrorHasAName(t *testing.T) {
	require.Equal(t, "ok", probe.ErrorName(nil))
	require.Equal(t, "connection-loss", probe.ErrorName(fmt.Errorf("x: %w", coord.ErrConnectionLoss)))
	require.Equal(t, "error", probe.ErrorName(fmt.Errorf("x")))
}
