package policy_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/policy"
)

func TestEveryFieldIsASwitchAndEverySwitchAField(t *testing.T) {
	fields := reflect.TypeFor[policy.Policy]().NumField()
	require.Len(t, policy.Switches(), fields)
	names, without := map[string]bool{}, 0
	for _, s := range policy.Switches() {
		require.False(t, names[s.Name])
		names[s.Name] = true
		require.NotEmpty(t, s.Without)
		// Switched on alone, each makes a policy that no other does.
		p, err := policy.Parse("hardened," + s.Name + "=" + map[bool]string{true: "off", false: "on"}[s.On(policy.Hardened)])
		require.NoError(t, err)
		require.NotEqual(t, s.On(policy.Hardened), s.On(p))
		for _, other := range policy.Switches() {
			if other.Name != s.Name {
				require.Equal(t, other.On(policy.Hardened), other.On(p))
			}
		}
		without++
	}
	require.Equal(t, fields, without)
}

func TestTheNamesOfSwitchesAreTheFieldsInKebabCase(t *testing.T) {
	typ := reflect.TypeFor[policy.Policy]()
	for i, s := range policy.Switches() {
		require.Equal(t, typ.Field(i).Name, camel(s.Name))
	}
}

// camel turns "term-in-ids" into "TermInIDs". Two switches are named for what
// they choose between, and their fields for the choice that is the safeguard.
func camel(kebab string) string {
	switch kebab {
	case "suspended":
		return "HoldSuspended"
	case "handler-errors":
		return "EndReignOnError"
	}
	var b strings.Builder
	for part := range strings.SplitSeq(kebab, "-") {
		if part == "ids" {
			part = "IDs"
		}
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

func TestPoliciesAreParsed(t *testing.T) {
	fenced := policy.Spark
	fenced.TermFencing = true
	two := policy.Hardened
	two.OneSession, two.BlockingStore = false, true
	for text, want := range map[string]policy.Policy{
		"hardened":              policy.Hardened,
		"spark":                 policy.Spark,
		"spark,term-fencing=on": fenced,
		"hardened,one-session=off,blocking-store=on": two,
		"one-session=off,blocking-store=on":          two,
		"hardened,one-session=on":                    policy.Hardened,
	} {
		got, err := policy.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestBadPoliciesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     `"" is no policy`,
		"soft":                                 `"soft" is no policy`,
		"spark,hardened":                       `"hardened" is no policy`,
		"spark,":                               `"" is no policy`,
		"spark,term-fencing":                   `"term-fencing" is no policy`,
		"spark,term-fencing=yes":               "want on or off",
		"spark,term-fencing=":                  "want on or off",
		"spark,fencing=on":                     `no switch "fencing"; one of term-fencing,`,
		"one-session=off,one-session=off":      "given twice",
		"spark,one-session=on,one-session=off": "given twice",
	} {
		_, err := policy.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestAPolicyPrintsAsWhatItParsesFrom(t *testing.T) {
	require.Equal(t, "hardened", policy.Hardened.String())
	require.Equal(t, "spark", policy.Spark.String())
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Make[policy.Policy]().Draw(t, "policy")
		got, err := policy.Parse(p.String())
		require.NoError(t, err)
		require.Equal(t, p, got)
		// The nearer preset is named.
		require.LessOrEqual(t, strings.Count(p.String(), ","), len(policy.Switches())/2+1)
	})
}

func TestASwitchMayHaveWordsOfItsOwn(t *testing.T) {
	for _, text := range []string{"hardened,suspended=exit", "hardened,suspended=off"} {
		p, err := policy.Parse(text)
		require.NoError(t, err)
		require.False(t, p.HoldSuspended)
		require.Equal(t, "hardened,suspended=exit", p.String())
	}
	p, err := policy.Parse("spark,handler-errors=end-reign")
	require.NoError(t, err)
	require.True(t, p.EndReignOnError)
	_, err = policy.Parse("spark,handler-errors=hold")
	require.EqualError(t, err, `policy "spark,handler-errors=hold": handler-errors=hold: want end-reign (on) or swallow (off)`)
	_, err = policy.Parse("spark,one-session=")
	require.ErrorContains(t, err, "one-session=: want on or off")
}
