// Package order is in which order deliveries happen that are under way together,
// as a scenario says it.
package order

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/simctl/simctl/scenarios/attr"
	"github.com/simctl/simctl/scenarios/hint"
	"github.com/simctl/simctl/scenarios/span"
)

// An Order replaces the order of what arrives within one window of virtual time:
//
//	order pct depth=3 steps=4000 window=5ms
//	order pos window=5ms
//
// Time is cut into windows. What would arrive within one arrives at its end,
// in an order that the seed draws; within a connection it stays as it was sent.
// The zero Order leaves everything as the network delivers it.
type Order struct {
	Kind   Kind
	Depth  int           // pct: one more than the change points; at least 1
	Steps  int           // pct: choices among which the change points are drawn
	Window time.Duration // above 0
}

// A Kind is a way to draw an order.
type Kind string

// The kinds.
const (
	// PCT gives each direction of each connection a random priority, and lets
	// the highest that waits go first. At Depth-1 choices among the first Steps, drawn
	// uniformly, the one that would go falls below all others instead.
	PCT Kind = "pct"
	// POS gives each delivery a random priority of its own. Whenever one is
	// made, those that wait for the same receiver get new ones.
	POS Kind = "pos"
)

// MaxWindow is the longest window: above it, sessions and leases would suffer
// more from being late than from the order.
const MaxWindow = 100 * time.Millisecond

// Parse reads what follows "order" in a scenario.
func Parse(to *Order, rest string) error {
	words, attrs := attr.Split(strings.Fields(rest))
	kinds := []string{string(PCT), string(POS)}
	if len(words) != 1 || words[0] != kinds[0] && words[0] != kinds[1] {
		return fmt.Errorf("unknown order %q%s", strings.Join(words, " "), hint.For(strings.Join(words, " "), kinds, "want pct or pos"))
	}
	to.Kind = Kind(words[0])
	known := []attr.Attr{attr.Duration("window", &to.Window)}
	must := []string{"window"}
	if to.Kind == PCT {
		known = append(known, attr.Int("depth", &to.Depth, 1, 100), attr.Int("steps", &to.Steps, 1, 1_000_000_000))
		must = append(must, "depth", "steps")
	}
	if err := attr.Parse(attrs, known, must...); err != nil {
		return err
	}
	if to.Window <= 0 || to.Window > MaxWindow {
		return fmt.Errorf("a window of %s is not above 0 and at most %s", span.Text(to.Window), span.Text(MaxWindow))
	}
	return nil
}

// String returns what follows "order" in a scenario; "" for the zero Order.
func (o Order) String() string {
	words := []string{string(o.Kind)}
	if o.Kind == PCT {
		words = append(words, "depth="+strconv.Itoa(o.Depth), "steps="+strconv.Itoa(o.Steps))
	}
	if o.Kind != "" {
		words = append(words, "window="+span.Text(o.Window))
	}
	return strings.Join(words, " ")
}
