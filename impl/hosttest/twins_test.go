package hosttest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// A counter counts connections, and is cloned well or badly.
type counter struct {
	host.Process
	h    host.Host
	seen map[string]int64
	n    int64
	bad  string
}

func (c *counter) Start(h host.Host) { c.h = h }

func (c *counter) Accepted(host.ConnID, host.Addr) {
	c.n++
	c.seen["all"]++
	if c.bad == "forgets and tells" {
		c.h.Note(host.Note{N: c.n})
	}
}

func (c *counter) Clone(h host.Host) host.Process {
	k := &counter{h: h, seen: map[string]int64{"all": c.seen["all"]}, n: c.n, bad: c.bad}
	switch c.bad {
	case "shares":
		k.seen = c.seen
	case "forgets", "forgets and tells":
		k.n = 0
	}
	return k
}

func (c *counter) Digest(d *host.Digest) {
	d.Int(c.seen["all"])
	d.Int(c.n)
}

func TestTwinsMustGoOnAlike(t *testing.T) {
	for bad, want := range map[string]string{
		"":                  "",
		"shares":            "changed the original",
		"forgets":           "digest differently",
		"forgets and tells": "the clone did\nnote ? n=1",
	} {
		h := hosttest.New("c", 1)
		h.Start(&counter{seen: map[string]int64{}, bad: bad})
		h.Accept("before")
		h.Take()
		twins := hosttest.Twins{H: h}
		_, err := twins.Do(func(h *hosttest.Host) { h.Accept("after") })
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
}
