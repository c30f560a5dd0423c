package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"
)

func TestHazardsAreReportedAndGoodCodeIsNot(t *testing.T) {
	for _, pkg := range []string{"impl/host", "impl/coord", "impl/bad", "impl/good", "impl/live", "sim/bad", "sim/good", "reports", "cmd/free"} {
		t.Run(pkg, func(t *testing.T) {
			analysistest.Run(t, analysistest.TestData(), analyzer, module+pkg)
		})
	}
}

func TestOnlyPurePackagesAreHeldToTheRules(t *testing.T) {
	for path, want := range map[string]bool{
		"impl/master": true, "impl/coord/coordtest": false, "impl/hosttest": false, "impl/host.test": false, "impl/live": false, "impl/live/lab": false,
		"impl/liveness": true, "sim/kernel": true, "model/trace": true, "checker": true, "scenarios": true,
		"reports": false, "cmd/simctl": false, "": false,
	} {
		require.Equal(t, want, pure(path), path)
	}
	require.True(t, stable("reports"))
	require.True(t, stable(relative("github.com/simctl/simctl")))
	require.False(t, stable("cmd/simctl"))
	require.Equal(t, "impl/master", relative(module+"impl/master ["+module+"impl/master.test]"))
}

func TestPointerVerbIsFoundAmongFlags(t *testing.T) {
	for text, want := range map[string]bool{
		"%p": true, "a %+8p": true, "%[1]p": true, "%%%p": true, "%%p": false, "%d p": false, "50% plus": false, "%s%p": true,
	} {
		require.Equal(t, want, pointerVerb.MatchString(text), text)
	}
}
