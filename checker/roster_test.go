package checker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

func TestARosterKnowsWhoIsAlive(t *testing.T) {
	var r checker.Roster
	for _, step := range []struct {
		line string
		want []string
	}{
		{"0s m1 started master", nil},
		{"1s m1 state Alive term=1", []string{"m1"}},
		{"2s m1 paused", nil},
		{"3s m2 state Alive term=2", []string{"m2"}},
		{"4s m1 resumed", []string{"m1", "m2"}},
		{"5s m1 state Suspended term=1", []string{"m2"}},
		{"6s m2 killed", nil},
		{"7s m2#2 started master", nil},
		{"8s m2#2 state Alive term=3", []string{"m2"}},
		{"9s w1 registered worker-1 m2:7077 term=3", []string{"m2"}},
	} {
		e, err := trace.ParseEvent(step.line)
		require.NoError(t, err)
		r.Observe(&e)
		var got []string
		for _, p := range r.Active() {
			got = append(got, p.Name)
		}
		require.Equal(t, step.want, got, step.line)
	}
	require.Equal(t, uint32(2), r.Of("m2").Inc)
	require.Nil(t, r.Of("m3"))
	require.Len(t, r.Masters(), 2)
	require.Equal(t, "worker-1", r.Workers()[0].Worker)
}

func TestAFaultConcernsWhomItNamesAndWhomItMayMean(t *testing.T) {
	for _, c := range []struct {
		fault, process, kind string
		want                 bool
	}{
		{"at=1s partition m1 | w1 w2", "w1", "worker", true},
		{"at=1s partition m1 | w1 w2", "w3", "worker", false},
		{"at=1s partition m1 | rest", "w3", "worker", true},
		{"at=1s partition workers | m1", "w3", "worker", true},
		{"at=1s partition active | z1", "m1", "master", true},
		{"at=1s partition active | z1", "w1", "worker", false},
		{"at=1s stall busy-worker | m1", "w1", "worker", true},
	} {
		require.Equal(t, c.want, checker.Concerns(c.fault, c.process, c.kind), "%+v", c)
	}
}

func TestTheKeyOfARecordHoldsItsID(t *testing.T) {
	for key, want := range map[string]string{"driver/d1": "d1", "driver_d1": "d1", "worker/w1": "", "drivers/d1": "", "driver": ""} {
		id, ok := checker.RecordID(key, "driver")
		require.Equal(t, want, id, key)
		require.Equal(t, want != "", ok, key)
	}
}
