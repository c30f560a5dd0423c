package persist_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// thousands is as many records as Spark's own benchmark of its engines has.
const thousands = 5000

// filled is a place of an engine that keeps that many drivers.
func filled(tb testing.TB, e engine) *place {
	p := &place{t: tb, e: e, svc: hosttest.NewCoord(), files: hosttest.NewFiles()}
	p.reign()
	for i := range thousands {
		p.k.Accepted(0, host.Addr(fmt.Sprintf("put-t1-%04d", i)))
	}
	p.svc.Settle()
	require.False(tb, p.k.store.Busy())
	return p
}

// TestThousandsOfRecordsAreRead: the next process has each of them, in the
// order in which they were made.
func TestThousandsOfRecordsAreRead(t *testing.T) {
	for _, e := range engines() {
		if !e.keeps {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			p := filled(t, e)
			p.reign()
			require.Len(t, p.k.got, thousands)
			for i, id := range p.k.got {
				require.Equal(t, fmt.Sprintf("t1-%04d", i), id)
			}
		})
	}
}

// BenchmarkRecovery reads the records of a full store, as an elected master
// does.
func BenchmarkRecovery(b *testing.B) {
	for _, e := range engines() {
		if !e.keeps {
			continue
		}
		b.Run(e.name, func(b *testing.B) {
			p := filled(b, e)
			for b.Loop() {
				p.reign()
			}
			b.ReportMetric(thousands*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
