package ensemble

import (
	"slices"

	"github.com/simctl/simctl/checker"
	"github.com/simctl/simctl/model/trace"
)

var committedIsDurable = checker.Property{
	Name: "committed-is-durable", Kind: checker.Safety,
	Says: "What any server has delivered, and so what any client was told, is on the disks of a majority, " +
		"and in the history of every leader established later; and a server that starts again has all that its disk held.",
	Source: "Zab's specification, LeaderLogCompleteness and CommittedLogDurability; ZOOKEEPER-3911, 4643, 4646",
	New: func() checker.Monitor {
		return &durable{Breach: checker.Breach{Property: "committed-is-durable"}}
	},
}

// durable keeps the end of what anybody delivered in each epoch, and of each server
// what it has delivered and what is on its disk. An ensemble that was never told how
// many it is has no majority yet: then only the histories of leaders are judged.
type durable struct {
	checker.Breach
	ends      []end // by epoch, the last is the highest zxid delivered
	servers   servers[replica]
	size      int64
	reigns    []begun
	delivered int
}

// replica is one server's copy.
type replica struct {
	zxid, told int64 // delivered
	disk       int64 // zxid up to which its disk holds all
	kept       int64 // zxid up to which it must hold all when the server starts again: what was synced, unless somebody changed its files
}

// end is the end of what was delivered in one epoch.
type end struct {
	zxid int64
	told // what: digest of all up to it
}

// begun is the beginning of an epoch.
type begun struct {
	epoch, zxid int64
	leader      told
}

func (m *durable) Observe(e *trace.Event) {
	switch e.Kind {
	case trace.Logged:
		c := m.servers.of(e.Process)
		c.disk, c.kept = e.Zxid, e.Zxid
	case trace.Restored:
		c := m.servers.of(e.Process)
		c.zxid, c.told = e.Zxid, e.M
		if e.Value == "disk" {
			if e.N < c.kept {
				m.Violated(e, "%s, but that disk had held everything up to %#x", checker.At(e), c.kept)
			}
			c.disk = e.N // what is read behind kept may be in the page cache alone: a process that was killed had not synced it
		}
	case trace.Fault:
		if e.Subject == "tear" || e.Subject == "restore" { // whose files it is stands in words
			for i := range m.servers.all {
				m.servers.all[i].kept = 0
			}
		}
	case trace.Delivered:
		m.delivers(e)
	case trace.Serving:
		m.size = max(m.size, e.N)
		if e.Value == "leading" {
			m.leads(e)
		}
	}
}

func (m *durable) delivers(e *trace.Event) {
	m.delivered++
	c := m.servers.of(e.Process)
	c.zxid, c.told = e.Zxid, e.M
	n := len(m.ends)
	switch {
	case n > 0 && e.Zxid <= m.ends[n-1].zxid || e.Zxid <= 0:
		return
	case n > 0 && e.Zxid>>32 == m.ends[n-1].zxid>>32:
		n--
	}
	m.ends = append(m.ends[:n], end{e.Zxid, tells(e, e.M)})
	for i := len(m.reigns) - 1; i >= 0; i-- {
		if r := &m.reigns[i]; r.epoch > e.Zxid>>32 && r.zxid < e.Zxid {
			m.Violated(e, "%s, but epoch %d had been established with a history that ends at %#x, by %s", checker.At(e), r.epoch, r.zxid, &r.leader)
		}
	}
	disks := int64(0)
	for i := range m.servers.all {
		if m.servers.all[i].disk >= e.Zxid {
			disks++
		}
	}
	if 2*disks <= m.size {
		m.Violated(e, "%s, but of %d servers only %d have it on disk", checker.At(e), m.size, disks)
	}
}

// leads judges the history of a new leader. One that learns late that a quorum had
// taken its history may have a successor by then: what that one commits is none
// of its business, but its own history had to go into the successor's.
func (m *durable) leads(e *trace.Event) {
	c := m.servers.of(e.Process)
	var last end // of the epochs up to its own
	for i := range m.ends {
		if m.ends[i].zxid>>32 <= e.Term {
			last = m.ends[i]
		}
	}
	switch {
	case c.zxid < last.zxid:
		m.Violated(e, "%s, but its history ends at %#x, and %#x was delivered by %s", checker.At(e), c.zxid, last.zxid, &last.told)
	case c.zxid == last.zxid && last.zxid != 0 && c.told != last.what:
		m.Violated(e, "%s, but its history up to %#x is not what %s delivered", checker.At(e), c.zxid, &last.told)
	}
	for i := range m.reigns {
		if r := &m.reigns[i]; r.epoch > e.Term && r.zxid < c.zxid {
			m.Violated(e, "%s, but epoch %d had been established with a history that ends at %#x, by %s", checker.At(e), r.epoch, r.zxid, &r.leader)
		}
	}
	m.reigns = append(m.reigns, begun{e.Term, c.zxid, tells(e, 0)})
}

// Clone implements checker.Explorable.
func (m *durable) Clone() checker.Explorable {
	c := *m
	c.servers, c.ends, c.reigns = m.servers.clone(), slices.Clone(m.ends), slices.Clone(m.reigns)
	return &c
}

// Digest implements checker.Explorable.
func (m *durable) Digest(d checker.Sink) {
	d.Uint(uint64(len(m.ends)))
	for i := range m.ends {
		d.Int(m.ends[i].zxid)
		d.Int(m.ends[i].what)
	}
	d.Int(m.size)
	m.servers.digest(d, func(r *replica) { d.Int(r.zxid); d.Int(r.told); d.Int(r.disk); d.Int(r.kept) })
	d.Uint(uint64(len(m.reigns)))
	for i := range m.reigns {
		d.Int(m.reigns[i].epoch)
		d.Int(m.reigns[i].zxid)
	}
}

func (m *durable) Finding() checker.Finding {
	return m.Judged("%d deliveries, %d leaders", m.delivered, len(m.reigns))
}
