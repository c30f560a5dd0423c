package inside_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/sim/space/inside"
)

type colour uint8

func (c colour) String() string { return [...]string{"black", "red"}[c] }

type wheel struct {
	size   int
	colour colour
}

type message struct {
	To   string
	Body []byte
}

type engine struct {
	owner any
	car   *car
	heat  time.Duration
}

// A car has a field of every kind that processes have.
type car struct {
	h      host.Host
	cfg    struct{ doors int }
	name   string
	off    bool
	on     bool
	colour colour
	wheels []wheel
	spare  wheel
	none   *wheel
	engine *engine
	again  *engine
	seats  map[string]*wheel
	lanes  map[host.ConnID]int
	keys   map[colour]bool
	timer  host.TimerID
	conns  []host.ConnID
	out    []any
	raw    []byte
	text   []byte
	log    []message
	wheel
	then host.Call
	plan host.Call
	done func()
}

// What its calls name.
func (c *car) stop(struct{}) {}
func (c *car) turn(wheel)    {}

type names struct{}

func (names) Timer(t host.TimerID) string { return fmt.Sprint("at ", uint64(t)) }
func (names) Conn(c host.ConnID) string   { return fmt.Sprint("road ", uint64(c)) }

// What is empty, constant or told already is left out; what is unexported and has
// a name of its own is told by it.
func TestText(t *testing.T) {
	e := &engine{heat: time.Minute}
	c := &car{
		name: "red <one>", on: true, colour: 1, wheels: []wheel{{1, 0}, {}}, spare: wheel{size: 2}, engine: e, again: e,
		seats: map[string]*wheel{"left": {size: 3}, "back": {colour: 1}}, lanes: map[host.ConnID]int{9: 1, 8: 0}, keys: map[colour]bool{1: true, 0: false},
		timer: 5, conns: []host.ConnID{7}, out: []any{message{To: "m1"}, 3, nil}, raw: []byte{0xff, 0}, text: []byte("text"),
		log:   []message{{"a", []byte("first")}, {"b", []byte("a long text that makes the whole list longer than what fits on one line, so each has its own")}},
		wheel: wheel{size: 4}, then: host.Bind((*car).stop, struct{}{}), plan: host.Bind((*car).turn, wheel{size: 6}), done: func() {},
	}
	e.owner, e.car = c, c
	c.h, c.cfg.doors, c.off, c.none = struct{ host.Host }{}, 4, false, nil
	want := `name red <one>
on true
colour red
wheels [size=1, -]
spare size=2
engine
  heat 1m0s
seats
  back
    colour red
  left
    size 3
lanes [road 8:0, road 9:1]
keys [black:false, red:true]
timer at 5
conns [road 7]
out [message To=m1, 3, nothing]
raw 2 bytes ff00
text text
log
  0 To=a Body=first
  1 To=b Body=a long text that makes the whole list longer than what fits on one line, so each has its own
wheel size=4
then car.stop
plan car.turn(size=6)
`
	for range 3 {
		require.Equal(t, want, inside.Text(c, names{}))
	}
	require.Equal(t, "To=m1 Body=x", inside.Line(message{"m1", []byte("x")}, names{}))
}
