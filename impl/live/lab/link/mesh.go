package link

import (
	"time"

	"github.com/simctl/simctl/impl/host"
)

// A pair is who dials whom.
type pair struct{ from, to string }

// A Mesh is the links between named machines. The zero Mesh has none. It is for
// one goroutine.
type Mesh struct {
	proxies map[pair][]*Proxy
	order   []pair
	stalled map[pair][]func() // what undoes their stalls, of either end
}

// Add makes a link on which machine from dials target, which is on machine to,
// and returns where from has to dial instead. Without a framing what one read
// gives is a packet.
func (m *Mesh) Add(from, to string, target host.Addr, f Framing) (host.Addr, error) {
	p, err := NewProxy(target)
	if err != nil {
		return "", err
	}
	p.Frame(f)
	if m.proxies == nil {
		m.proxies, m.stalled = map[pair][]*Proxy{}, map[pair][]func(){}
	}
	k := pair{from, to}
	if m.proxies[k] == nil {
		m.order = append(m.order, k)
	}
	m.proxies[k] = append(m.proxies[k], p)
	return p.Addr(), nil
}

// From lists the links on which a machine dials another.
func (m *Mesh) From(from, to string) []*Proxy { return m.proxies[pair{from, to}] }

// way calls f for each direction of a link in which bytes go from a to b.
func (m *Mesh) way(a, b string, f func(p *Proxy, w Way)) {
	for _, p := range m.proxies[pair{a, b}] {
		f(p, Forward)
	}
	for _, p := range m.proxies[pair{b, a}] {
		f(p, Backward)
	}
}

// Cut lets nothing pass from a to b, in silence.
func (m *Mesh) Cut(a, b string) { m.way(a, b, (*Proxy).CutWay) }

// Heal undoes one Cut.
func (m *Mesh) Heal(a, b string) { m.way(a, b, (*Proxy).HealWay) }

// Slow lets what goes from a to b take longer by d; a negative one undoes that.
func (m *Mesh) Slow(a, b string, d time.Duration) {
	m.way(a, b, func(p *Proxy, w Way) { p.Slow(w, d) })
}

// Lossy adds to the packets of a thousand from a to b that are lost, and sent
// again; a negative number takes it back.
func (m *Mesh) Lossy(a, b string, loss int) {
	m.way(a, b, func(p *Proxy, w Way) { p.Lossy(w, loss) })
}

// Drain adds to the time between two packets that a connection carries from a to
// b; a negative duration takes it back.
func (m *Mesh) Drain(a, b string, apart time.Duration) {
	m.way(a, b, func(p *Proxy, w Way) { p.Drain(w, apart) })
}

// Set sets a trap for messages from a to b.
func (m *Mesh) Set(a, b string, t *Trap) {
	m.way(a, b, func(p *Proxy, w Way) { p.Set(w, t) })
}

// Unset takes a trap for messages from a to b away.
func (m *Mesh) Unset(a, b string, t *Trap) {
	m.way(a, b, func(p *Proxy, w Way) { p.Unset(w, t) })
}

// Between lists the links between two machines, whoever dials.
func (m *Mesh) Between(a, b string) []*Proxy {
	var out []*Proxy
	m.way(a, b, func(p *Proxy, _ Way) { out = append(out, p) })
	return out
}

// Ends lists the links between two machines, whoever dials: for each the end that
// is on b.
func (m *Mesh) Ends(a, b string) []End {
	var out []End
	m.way(a, b, func(p *Proxy, w Way) { out = append(out, End{p, w}) })
	return out
}

// Stall stalls every connection that stands between two machines.
func (m *Mesh) Stall(a, b string) {
	for _, p := range m.Between(a, b) {
		m.stalled[pair{a, b}] = append(m.stalled[pair{a, b}], p.Stall())
	}
}

// Unstall undoes every Stall of the two.
func (m *Mesh) Unstall(a, b string) {
	for _, undo := range m.stalled[pair{a, b}] {
		undo()
	}
	delete(m.stalled, pair{a, b})
}

// Close ends every link.
func (m *Mesh) Close() {
	for _, k := range m.order {
		for _, p := range m.proxies[k] {
			p.Close()
		}
	}
	m.proxies, m.order = nil, nil
}
