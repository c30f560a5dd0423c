package program

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/live"
)

// decommissions lets SIGPWR take a worker out of service, as Spark's does where
// spark.decommission.enabled is true, until end is called.
func decommissions(h *live.Host) (end func()) {
	told, over := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(told, syscall.SIGPWR)
	go func() {
		for {
			select {
			case <-told:
				h.Deliver(host.Decommission)
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(told)
		close(over)
	}
}
