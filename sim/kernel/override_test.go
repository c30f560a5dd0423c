package kernel_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/model/trace"
	"github.com/simctl/simctl/sim/kernel"
)

// teller draws a number in each of its steps and tells what happens.
type teller struct {
	k   *kernel.Kernel
	log []string
}

func (a *teller) Handle(e *kernel.Event) {
	forced := ""
	if e.Lost() {
		forced = " lost"
	} else if e.Late() > 0 {
		forced = fmt.Sprintf(" %d late", e.Late())
	}
	a.log = append(a.log, fmt.Sprintf("%s%s draws %d", e.Name, forced, a.k.Below(kernel.KeyOf("draw"), a.k.Steps(), 1000)))
}

// overridden runs four messages and a timer in between, with something forced.
func overridden(os ...kernel.Override) (log []string, k *kernel.Kernel, steps []trace.Step) {
	a := &teller{}
	k = kernel.New(7, a)
	a.k = k
	k.OnStep = func(s *trace.Step) { steps = append(steps, *s) }
	for i, kind := range []kernel.Kind{kernel.Message, kernel.Message, kernel.Timer, kernel.Message, kernel.Message} {
		k.Post(int64(i), kernel.Event{Kind: kind, Name: fmt.Sprint("e", i+1), Sum: uint64(i)})
	}
	k.Force(os)
	k.Run(10)
	return a.log, k, steps
}

func TestADropAndADelayMarkTheirStepAndNoOther(t *testing.T) {
	plain, base, _ := overridden()
	require.NoError(t, base.Forced())
	log, k, steps := overridden(kernel.Override{Step: 4, Do: kernel.Delay, Value: 5}, kernel.Override{Step: 2, Do: kernel.Drop})
	require.NoError(t, k.Forced())
	want := append([]string{}, plain...)
	want[1] = strings.Replace(want[1], "e2", "e2 lost", 1)
	want[3] = strings.Replace(want[3], "e4", "e4 5 late", 1)
	require.Equal(t, want, log)
	require.Equal(t, "lost", steps[1].Forced)
	require.Equal(t, "5ns late", steps[3].Forced)
	require.NotEqual(t, base.Fingerprint(), k.Fingerprint(), "what is forced is part of the fingerprint")
}

func TestARedrawChangesEveryDrawBehindItsStepAndNoneBefore(t *testing.T) {
	plain, _, _ := overridden()
	for after := range 6 {
		log, k, _ := overridden(kernel.Override{Step: uint64(after), Do: kernel.Redraw, Value: 8})
		require.NoError(t, k.Forced())
		for i := range log {
			require.Equal(t, i < after, log[i] == plain[i], "draw %d, redrawn after step %d", i+1, after)
		}
	}
	a, _, _ := overridden(kernel.Override{Do: kernel.Redraw, Value: 8})
	b, _, _ := overridden(kernel.Override{Do: kernel.Redraw, Value: 9})
	require.NotEqual(t, a, b)
}

func TestWhatCannotBeForcedIsRefusedWithItsReason(t *testing.T) {
	for _, c := range []struct {
		o   kernel.Override
		why string
	}{
		{kernel.Override{Step: 3, Do: kernel.Drop}, "step 3 is no delivery of a message, but a timer of world (e3): it can be neither lost nor late"},
		{kernel.Override{Step: 6, Do: kernel.Delay, Value: 1}, "the run has no step 6: it ended with step 5"},
		{kernel.Override{Do: kernel.Drop}, "there is no step 0"},
	} {
		_, k, _ := overridden(c.o)
		require.EqualError(t, k.Forced(), c.why)
	}
}

func TestComingTellsWhatIsPendingAndWhatAPauseHasPutOff(t *testing.T) {
	k := kernel.New(1, &teller{})
	a := &teller{k: k}
	m := k.AddActor("m", a)
	k.Post(5, kernel.Event{Actor: m, Kind: kernel.Timer, Name: "tick"})
	k.Post(9, kernel.Event{Actor: m, Kind: kernel.Timer, Name: "tock"})
	k.Pause(m)
	k.Run(7)
	var told []string
	for _, s := range k.Coming() {
		told = append(told, fmt.Sprint(s.Actor, " ", s.What, " ", s.At))
	}
	require.Equal(t, []string{"m tick 7", "m tock 9"}, told)
}
