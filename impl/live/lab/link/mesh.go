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
// and returns where from has to dial instead.
func (m *Mesh) Add(from, to string, target host.Addr) (host.Addr, error) {
	p, err := NewProxy(target)
	if err != nil {
		return "", err
	}
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

// Between lists the links between two machines, whoever dials.
func (m *Mesh) Between(a, b string) []*Proxy {
	var out []*Proxy
	m.way(a, b, func(p *Proxy, _ Way) { out = append(out, p) })
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
