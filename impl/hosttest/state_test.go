package hosttest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// A program has one field of every sort. Forget leaves one out of its digest,
// share leaves one uncloned.
type program struct {
	host.Process
	h      host.Host
	forget string
	share  string

	name    string
	count   int
	on      bool
	small   uint8
	list    []entry
	byName  map[string]entry
	deep    map[string]*entry
	nested  *entry
	queue   []host.Message
	later   host.Call
	numbers [2]int64
}

type entry struct {
	N    int64
	Tags []string
}

func (e entry) digest(d *host.Digest) {
	d.Int(e.N)
	d.Uint(uint64(len(e.Tags)))
	for _, t := range e.Tags {
		d.Str(t)
	}
}

func (e entry) clone() entry {
	e.Tags = slices.Clone(e.Tags)
	return e
}

func (p *program) Clone(h host.Host) host.Process {
	c := *p
	c.h = h
	own := func(what string, f func()) {
		if p.share != what {
			f()
		}
	}
	own("list", func() {
		c.list = slices.Clone(p.list)
		for i := range c.list {
			own("list tags", func() { c.list[i] = c.list[i].clone() })
		}
	})
	own("byName", func() {
		c.byName = maps.Clone(p.byName)
		for k, e := range c.byName {
			own("byName tags", func() { c.byName[k] = e.clone() })
		}
	})
	own("deep", func() {
		c.deep = maps.Clone(p.deep)
		for k, e := range c.deep {
			own("deep entry", func() { x := e.clone(); c.deep[k] = &x })
		}
	})
	own("nested", func() { x := p.nested.clone(); c.nested = &x })
	own("queue", func() { c.queue = slices.Clone(p.queue) })
	return &c
}

func (p *program) Digest(d *host.Digest) {
	for _, f := range []struct {
		name  string
		write func()
	}{
		{"name", func() { d.Str(p.name) }},
		{"count", func() { d.Int(int64(p.count)) }},
		{"on", func() { d.Bool(p.on) }},
		{"small", func() { d.Uint(uint64(p.small)) }},
		{"list", func() {
			d.Uint(uint64(len(p.list)))
			for _, e := range p.list {
				e.digest(d)
			}
		}},
		{"byName", func() {
			for _, k := range slices.Sorted(maps.Keys(p.byName)) {
				d.Str(k)
				p.byName[k].digest(d)
			}
		}},
		{"deep", func() {
			for _, k := range slices.Sorted(maps.Keys(p.deep)) {
				d.Str(k)
				p.deep[k].digest(d)
			}
		}},
		{"nested", func() {
			if p.nested != nil {
				p.nested.digest(d)
			}
		}},
		{"queue", func() {
			d.Uint(uint64(len(p.queue)))
			for _, m := range p.queue {
				m.Digest(d)
			}
		}},
		{"later", func() { p.later.Digest(d) }},
		{"numbers", func() { d.Any(p.numbers) }},
	} {
		if f.name != p.forget {
			f.write()
		}
	}
}

// complaints is a test that remembers why it failed.
type complaints []string

func (c *complaints) Helper() {}

func (c *complaints) Errorf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

func check(p *program) string {
	var c complaints
	hosttest.CheckState(&c, p, "Process", "h", "forget", "share")
	return strings.Join(c, "\n")
}

func TestACompleteProgramPasses(t *testing.T) {
	require.Empty(t, check(&program{}))
}

func TestAForgottenFieldIsFound(t *testing.T) {
	for _, f := range []string{"name", "count", "on", "small", "list", "byName", "deep", "nested", "queue", "later", "numbers"} {
		require.Contains(t, check(&program{forget: f}), "does not see ."+f)
	}
}

func TestASharedPartIsFound(t *testing.T) {
	for _, f := range []string{"list", "list tags", "byName", "byName tags", "deep", "deep entry", "nested", "queue"} {
		field, _, _ := strings.Cut(f, " ")
		require.Contains(t, check(&program{share: f}), "shares ."+field, f)
	}
}
