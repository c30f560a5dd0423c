package order

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/scenarios/order"
	"github.com/simctl/simctl/sim/kernel"
)

// mail is an actor that writes down what it gets.
type mail struct{ got []string }

func (m *mail) Handle(e *kernel.Event) { m.got = append(m.got, e.Name) }

// deliver lets a kernel deliver what each chain sends to one receiver, in windows:
// "ab xy|c" is a and b of one chain and x and y of another, and c a window later.
func deliver(seed uint64, o order.Order, text string) string {
	k := kernel.New(seed, nil)
	m := &mail{}
	to := k.AddActor("receiver", m)
	if c := New(k, o); c != nil {
		k.Reorder(c, func(e *kernel.Event) (uint64, bool) { return e.A, e.Kind == kernel.Message })
	}
	for window, sent := range strings.Split(text, "|") {
		for chain, names := range strings.Fields(sent) {
			for i := range names {
				name := names[i : i+1]
				k.Post(int64(window)*1000, kernel.Event{
					Actor: to, Kind: kernel.Message, A: uint64(chain) + 1, Name: name, Sum: uint64(kernel.KeyOf(name)),
				})
			}
		}
	}
	k.Run(1_000_000)
	return strings.Join(m.got, "")
}

func before(s, a, b string) bool { return strings.Index(s, a) < strings.Index(s, b) }

func orders() map[string]order.Order {
	return map[string]order.Order{
		"pct 1": {Kind: order.PCT, Depth: 1, Steps: 5, Window: time.Microsecond},
		"pct 3": {Kind: order.PCT, Depth: 3, Steps: 5, Window: time.Microsecond},
		"pos":   {Kind: order.POS, Window: time.Microsecond},
	}
}

func TestAConnectionStaysInOrderAndWindowsDoToo(t *testing.T) {
	for name, o := range orders() {
		for seed := range uint64(300) {
			got := deliver(seed, o, "abc xyz|de mno")
			require.Len(t, got, 11)
			for _, chain := range []string{"abcde", "xyzmno"} {
				for i := range len(chain) - 1 {
					require.True(t, before(got, chain[i:i+1], chain[i+1:i+2]), "%s: %s", name, got)
				}
			}
			require.NotContains(t, got[:6], "d")
			require.NotContains(t, got[:6], "m")
		}
	}
}

func TestEveryInterleavingIsMet(t *testing.T) {
	met := map[string]int{}
	for seed := range uint64(2000) {
		met[deliver(seed, orders()["pos"], "ab xy")]++
		met[deliver(seed, orders()["pct 3"], "ab xy")]++
	}
	require.Len(t, met, 6, "of two chains of two there are six: %v", met)
}

func TestWithoutAnOrderNothingChooses(t *testing.T) {
	require.Nil(t, New(kernel.New(1, nil), order.Order{}))
}

// The promise is 1/(n*k^(d-1)). Each violation needs d deliveries in an order:
// one whose first must come before any other chain's, and one whose chain must
// be left in its middle, in favour of one that then must be left, too.
func TestPCTFindsAViolationOfItsDepthOftenEnough(t *testing.T) {
	const sent, n, k, seeds = "abcd uvwx mnop", 3, 12, 4000
	tests := []struct {
		depth int
		met   func(got string) bool
	}{
		{1, func(got string) bool { return before(got, "m", "a") && before(got, "m", "u") }},
		{2, func(got string) bool { return before(got, "b", "u") && before(got, "v", "c") }},
		{3, func(got string) bool { return before(got, "b", "u") && before(got, "v", "c") && before(got, "d", "w") }},
	}
	for _, tt := range tests {
		found, bound := 0, seeds/n
		for range tt.depth - 1 {
			bound /= k
		}
		for seed := range uint64(seeds) {
			if tt.met(deliver(seed, order.Order{Kind: order.PCT, Depth: tt.depth, Steps: k}, sent)) {
				found++
			}
		}
		require.GreaterOrEqual(t, found, bound*9/10, "depth %d: the bound is met exactly at depth 1, up to chance", tt.depth)
	}
}

func TestPCTWithoutChangesServesChainsOneAfterAnother(t *testing.T) {
	met := map[string]bool{}
	for seed := range uint64(100) {
		met[deliver(seed, orders()["pct 1"], "ab xy mn")] = true
	}
	for got := range met {
		require.Contains(t, []string{"ab", "xy", "mn"}, got[:2], fmt.Sprint(met))
		require.Contains(t, []string{"ab", "xy", "mn"}, got[2:4])
	}
	require.Len(t, met, 6)
}
