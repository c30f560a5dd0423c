package persist_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
	"github.com/simctl/simctl/impl/persist"
)

// TestWhatWasAskedIsThereWhateverBreaks holds the fenced store against a set:
// connections break with and without the write having happened, and sessions
// expire; in the end every write has happened once, in order.
func TestWhatWasAskedIsThereWhateverBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		svc := hosttest.NewCoord()
		m := svc.Machine("m1", 1)
		k := &keeper{cfg: persist.Config{Dir: "/s", Fenced: true, Retry: time.Second}}
		m.Start(k)
		svc.Settle()
		k.Accepted(0, "reign-0")
		m.Take()
		want := map[string]bool{}
		var asked []string
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
			switch what := rapid.SampledFrom([]string{"put", "run", "del", "fence", "cut", "applied", "heal", "expire", "settle", "advance"}).Draw(t, "what"); what {
			case "put", "run", "del":
				want[id] = what != "del"
				asked = append(asked, what+"-"+id)
				k.Accepted(0, host.Addr(what+"-"+id))
			case "fence":
				asked = append(asked, fmt.Sprint("fence-", i))
				k.Accepted(0, host.Addr(asked[len(asked)-1]))
			case "cut", "applied":
				m.Cut(what == "applied")
			case "heal":
				m.Heal()
			case "expire":
				m.Expire("latch")
			case "settle":
				svc.Settle()
			case "advance":
				m.Advance(500 * time.Millisecond)
			}
		}
		for range 5 {
			svc.Settle()
			m.Heal()
			svc.Settle()
			m.Advance(time.Second)
		}
		var done []string
		for line := range strings.Lines(m.Take()) {
			if what, _, ok := strings.Cut(strings.TrimPrefix(line, "note state "), " done "); ok {
				done = append(done, what)
			}
		}
		require.Equal(t, asked, done)
		paths := strings.Join(svc.Paths(), "\n") + "\n"
		for id, there := range want {
			require.Equal(t, there, strings.Contains(paths, "/driver_"+id+"\n"), id)
		}
	})
}
