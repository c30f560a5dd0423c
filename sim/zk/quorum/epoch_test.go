package quorum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/simctl/simctl/sim/zk/server"
)

// To accept an epoch is to promise that no older one will be accepted. A server
// that died twice as a candidate, each time with an epoch accepted that nobody
// else had heard of, is ahead of the epoch that the others establish meanwhile:
// it takes no part in that, and is back in the next one, which begins behind
// what it has accepted. (The Java server says "Leaders epoch, 1 is less than
// accepted epoch, 9" and looks for a leader again.)
func TestAServerTakesNoPartInAnEpochBelowTheOneItAccepted(t *testing.T) {
	w := newWorld(1, 3, Config{Tick: 200 * time.Millisecond}).startAll()
	w.run(2 * time.Second)
	l, ahead := w.leader(), w.nodes[0]
	require.NotEqual(t, l, ahead)
	w.propose(l)
	w.run(time.Second)
	ahead.kill()
	files := ahead.disk.Files()
	require.Equal(t, "1", string(files[acceptedFile]))
	files[acceptedFile] = []byte("9")
	ahead.disk.SetFiles(files)

	served := 0
	w.changed = func(n *node, what string) {
		if n == ahead && what == Following.String() {
			served++
		}
	}
	ahead.start()
	for range 50 {
		w.run(100 * time.Millisecond)
		require.Equal(t, server.Looking, ahead.role)
		require.Equal(t, int64(9), ahead.peer.st.accepted)
	}
	require.Positive(t, served, "it was elected to follow, and refused")
	require.Equal(t, l, w.leader(), "the others serve on")

	l.kill()
	w.run(3 * time.Second)
	require.Equal(t, int64(10), w.leader().peer.Epoch())
	require.NotEqual(t, server.Looking, ahead.role)
	l.start()
	w.run(3 * time.Second)
	w.settle(t)
	require.Equal(t, l.state, ahead.state)
}
