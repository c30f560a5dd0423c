package election_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/impl/election"
	"github.com/simctl/simctl/impl/host"
	"github.com/simctl/simctl/impl/hosttest"
)

// monarch is a process that leads without a service, and tells what happens.
type monarch struct {
	candidate
	cfg   election.MonarchyConfig
	agent *election.Monarchy
}

func (m *monarch) Start(h host.Host) {
	m.h = h
	m.agent = election.NewMonarchy(h, m, m.cfg)
	m.agent.Claim()
}

func (m *monarch) Part(i int) any {
	if i == 0 {
		return m.agent
	}
	return nil
}

func (m *monarch) Signalled(host.Signal)      { m.agent.Release() }
func (m *monarch) Exited(host.ProcessID, int) { m.agent.Rejoin() }

// realm is masters on one directory.
type realm struct {
	svc   *hosttest.Coord
	files *hosttest.Files
	cfg   election.MonarchyConfig
}

func newRealm() *realm {
	return &realm{hosttest.NewCoord(), hosttest.NewFiles(), election.MonarchyConfig{Path: "d", Fenced: true, Retry: time.Second}}
}

func (r *realm) start(id host.ProcessID, inc uint32) *hosttest.Machine {
	m := r.svc.Machine(id, inc)
	m.Files = r.files
	m.Start(&monarch{cfg: r.cfg})
	return m
}

// told is what a master told within two seconds.
func (r *realm) told(m *hosttest.Machine) []string {
	for range 4 {
		m.Advance(500 * time.Millisecond)
		r.svc.Settle()
	}
	out := strings.Split(strings.TrimSpace(strings.ReplaceAll(m.Take(), "note state ", "")), "\n")
	if len(out) == 1 && out[0] == "" {
		return nil
	}
	return out
}

func elected(term int64, more string) string {
	return fmt.Sprintf("elected {Term:%d Version:0 Zxid:%d %s}", term, term<<32, more)
}

const commits = "commits a term"

func TestAMonarchLeadsAtOnceAndCountsItsReigns(t *testing.T) {
	r := newRealm()
	m := r.start("m1", 1)
	require.Equal(t, []string{commits, elected(1, "Released:false First:true")}, r.told(m))
	m.Exited("", 0)
	require.Equal(t, []string{commits, elected(2, "Released:false First:true")}, r.told(m), "the predecessor was itself")
	m.Exit(1)
	require.Equal(t, []string{commits, elected(3, "Released:false First:true")}, r.told(r.start("m1", 2)))
}

func TestASecondMasterTakesTheDirectoryOver(t *testing.T) {
	r := newRealm()
	first := r.start("m1", 1)
	r.told(first)
	second := r.start("m2", 1)
	require.Equal(t, []string{commits, elected(2, "Released:false First:false")}, r.told(second), "it must wait for the first one's lease")
	first.Exited("", 0)
	require.Equal(t, []string{"refused: directory d has been taken over by m2 in term 2"}, r.told(first))
	first.Exited("", 0)
	require.Empty(t, r.told(first))
}

func TestAReleasedReignIsNotWaitedFor(t *testing.T) {
	r := newRealm()
	first := r.start("m1", 1)
	r.told(first)
	first.Terminate()
	require.Equal(t, []string{commits, "released"}, r.told(first))
	second := r.start("m2", 1)
	require.Equal(t, []string{commits, elected(2, "Released:true First:false")}, r.told(second))
	first.Terminate()
	require.Equal(t, []string{"released"}, r.told(first), "another's term is left alone")
	require.Equal(t, []string{commits, elected(3, "Released:false First:true")}, r.told(r.start("m2", 2)))
}

func TestAFailingDiskIsTriedAgain(t *testing.T) {
	for _, a := range []string{"read d/term", "remove d/term_new_m1", "append d/term_new_m1", "sync d/term_new_m1", "rename d/term_new_m1 d/term", "sync d/term"} {
		r := newRealm()
		r.files.Fail[a] = "input/output error"
		r.files.Data["d/term_new_m1"] = "of a claim that a crash ended"
		got := r.told(r.start("m1", 1))
		require.Contains(t, got[len(got)-1], "elected {Term:", a)
		require.Contains(t, strings.Join(got, "\n"), "input/output error", a)
		require.Len(t, r.files.Data, 1, a)
	}
}

func TestATermThatCannotBeReadIsRefused(t *testing.T) {
	r := newRealm()
	r.files.Data["d/term"] = "?"
	got := r.told(r.start("m1", 1))
	require.Len(t, got, 1)
	require.Contains(t, got[0], "refused: term file d/term: decode record")
}

func TestWithoutFencingTheTermIsTheIncarnation(t *testing.T) {
	for _, cfg := range []election.MonarchyConfig{{Path: "d"}, {Fenced: true}} {
		r := newRealm()
		r.cfg = cfg
		for inc := uint32(1); inc < 3; inc++ {
			m := r.start("m1", inc)
			require.Equal(t, []string{commits, elected(int64(inc), "Released:false First:true")}, r.told(m))
			m.Terminate()
			require.Equal(t, []string{"released"}, r.told(m))
		}
		require.Empty(t, r.files.Data)
	}
}
