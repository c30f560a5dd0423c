package conf

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/policy"
	"github.com/simctl/simctl/impl/settings"
	"github.com/simctl/simctl/impl/worker"
)

// parse reads a file, set reads settings as of --conf; both print what is set
// and what of it has no effect. With policy= the policy is asked too.
func TestScripts(t *testing.T) {
	datadriven.RunTest(t, "testdata/conf.txt", func(t *testing.T, d *datadriven.TestData) string {
		var c Conf
		var err error
		switch d.Cmd {
		case "parse":
			c, err = Parse("spark-defaults.conf", []byte(d.Input))
		case "set":
			c, err = ParseAll(strings.Split(d.Input, "\n"))
		default:
			t.Fatalf("unknown command %s", d.Cmd)
		}
		if err == nil && d.HasArg("policy") {
			var text string
			d.ScanArgs(t, "policy", &text)
			p, errPolicy := policy.Parse(text)
			require.NoError(t, errPolicy)
			err = c.Check(p)
		}
		if err != nil {
			return "error: " + err.Error()
		}
		out := strings.Join(append(c.List(), c.Inert()...), "\n")
		for name, n := range c.Timers() {
			require.Positive(t, n, name)
		}
		if d.HasArg("timers") {
			out += fmt.Sprintf("\ntimers %v", c.Timers())
		}
		return out
	})
}

// example is a legal value of a key that is not its default.
func example(k *Key) string {
	switch {
	case k.check != nil && strings.HasPrefix(k.Name, "spark.deploy.driver"):
		return "d-%s-%d"
	case k.check != nil && strings.HasPrefix(k.Name, "spark.deploy.app"):
		return "a-%s-%d"
	case k.check != nil && strings.HasPrefix(k.Name, "spark.worker"):
		return "w-%s-%s-%d"
	case k.Name == "spark.deploy.zookeeper.dir":
		return "/other"
	case k.Kind == Enum:
		return k.Values[1]
	case k.Kind == Bool && k.Default == "true":
		return "false"
	}
	return map[Kind]string{Duration: "7s", Int: "1007", Bool: "true", Text: "other", Bytes: "7m"}[k.Kind]
}

// No key is without effect unless it says so: each changes the timers, a
// master's or a worker's configuration, or is refused with a reason.
func TestEveryKeyHasAnEffectOrSaysWhyNot(t *testing.T) {
	for _, k := range Keys() {
		t.Run(k.Name, func(t *testing.T) {
			require.NotEmpty(t, k.Doc)
			require.NotEmpty(t, k.Since)
			require.True(t, k.Inert == "" || k.Refused == "", "refused or without effect, not both")
			c, err := ParseAll([]string{k.Name + "=" + example(&k)})
			if k.Refused != "" {
				require.ErrorContains(t, err, k.Refused)
				return
			}
			require.NoError(t, err)
			var m settings.Master
			var w worker.Config
			c.Master(&m)
			c.Worker(&w)
			changed := len(c.Timers()) > 0 || !reflect.ValueOf(m).IsZero() || !reflect.ValueOf(w).IsZero()
			require.Equal(t, k.Inert == "", changed)
			require.Equal(t, k.Inert != "", len(c.Inert()) == 1)
			require.NoError(t, c.Check(policy.Hardened))
			if k.Alias != "" {
				older, err := ParseAll([]string{k.Alias + "=" + example(&k)})
				require.NoError(t, err)
				require.Equal(t, c, older)
			}
		})
	}
}

// Defaults are legal values, and setting them is setting what Spark does
// without them.
func TestDefaultsAreLegal(t *testing.T) {
	for _, k := range Keys() {
		if k.Default == "" || k.Refused != "" || strings.Contains(k.Default, " ") || strings.HasPrefix(k.Default, "spark.") {
			continue
		}
		_, err := ParseAll([]string{k.Name + "=" + k.Default})
		require.NoError(t, err, k.Name)
	}
}

func TestSettingsSurviveTheirText(t *testing.T) {
	var settable []Key
	for _, k := range Keys() {
		if k.Refused == "" {
			settable = append(settable, k)
		}
	}
	draw := func(t *rapid.T, what string) Conf {
		set := map[string]string{}
		for _, k := range rapid.SliceOfN(rapid.SampledFrom(settable), 0, 6).Draw(t, what) {
			set[k.Name] = example(&k)
		}
		c, err := Of(set)
		require.NoError(t, err)
		return c
	}
	rapid.Check(t, func(t *rapid.T) {
		c, over := draw(t, "settings"), draw(t, "over")
		again, err := ParseAll(c.List())
		require.NoError(t, err)
		require.Equal(t, c, again)
		again, err = Of(c.Map())
		require.NoError(t, err)
		require.Equal(t, c, again)
		fromFile, err := Parse("f", []byte(strings.ReplaceAll(strings.Join(c.List(), "\n"), "=", " ")))
		require.NoError(t, err)
		require.Equal(t, c.Map(), fromFile.Map())
		both := c.With(over).Map()
		for name, value := range c.Map() {
			if !over.Given(name) {
				require.Equal(t, value, both[name])
			}
		}
		for name, value := range over.Map() {
			require.Equal(t, value, both[name])
		}
		require.Len(t, both, len(c.With(over).List()))
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("# x\nspark.worker.timeout 20s\nspark.deploy.maxDrivers=\\\n  2\nspark.ui.a:\\u0041\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("f", text)
		if err != nil {
			require.Contains(t, err.Error(), "f:")
			return
		}
		again, err := Of(c.Map())
		require.NoError(t, err)
		require.Equal(t, c.Map(), again.Map())
	})
}
