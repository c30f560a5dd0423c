package host_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/simctl/simctl/impl/host"
)

// A word is one thing written into a digest.
type word struct {
	Kind byte
	N    uint64
	S    string
}

func (w word) write(d *host.Digest) {
	switch w.Kind % 5 {
	case 0:
		d.Uint(w.N)
	case 1:
		d.Int(int64(w.N))
	case 2:
		d.Bool(w.N&1 == 1)
	case 3:
		d.Str(w.S)
	case 4:
		d.Bytes([]byte(w.S))
	}
}

func sum(words []word) uint64 {
	var d host.Digest
	for _, w := range words {
		w.write(&d)
	}
	return d.Sum()
}

var words = rapid.SliceOfN(rapid.Make[word](), 2, 8)

func TestTheSameWordsGiveTheSameSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := words.Draw(t, "words")
		require.Equal(t, sum(w), sum(w))
		require.NotZero(t, sum(w))
	})
}

func TestTheOrderOfWordsCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		if a == b {
			t.Skip()
		}
		require.NotEqual(t, sum([]word{{N: a}, {N: b}}), sum([]word{{N: b}, {N: a}}))
	})
}

func TestTheLengthOfTextCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		cut := rapid.IntRange(0, len(s)).Draw(t, "cut")
		whole := sum([]word{{Kind: 3, S: s}, {Kind: 3}})
		if cut < len(s) {
			require.NotEqual(t, whole, sum([]word{{Kind: 3, S: s[:cut]}, {Kind: 3, S: s[cut:]}}))
		}
		require.NotEqual(t, whole, sum([]word{{Kind: 3, S: s + "\x00"}, {Kind: 3}}))
	})
}

func TestOneMoreWordCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := words.Draw(t, "words")
		require.NotEqual(t, sum(w), sum(append(w, rapid.Make[word]().Draw(t, "one more"))))
	})
}

func TestTextAndBytesDigestAlike(t *testing.T) {
	for _, s := range []string{"", "a", "12345678", "123456789", "1234567812345678"} {
		require.Equal(t, sum([]word{{Kind: 3, S: s}}), sum([]word{{Kind: 4, S: s}}))
	}
}

// The sums are part of fingerprints that are compared between machines and
// versions: these never change.
func TestTheSumsAreFixed(t *testing.T) {
	var empty host.Digest
	require.Equal(t, uint64(0x1ff5c2923a788d2c), empty.Sum())
	var d host.Digest
	d.Str("master")
	d.Int(-1)
	d.Bool(true)
	d.Bytes([]byte("0123456789"))
	require.Equal(t, uint64(0xa00e7950cb3e16c6), d.Sum())
}

type digester struct{ n uint64 }

func (x digester) Digest(d *host.Digest) { d.Uint(x.n) }

func TestAnyWritesEveryPlainValue(t *testing.T) {
	type inner struct {
		A int8
		B [2]uint16
	}
	type outer struct {
		D time.Duration
		L []inner
		S string
		T bool
	}
	sumOf := func(v any) uint64 {
		var d host.Digest
		d.Any(v)
		return d.Sum()
	}
	// Values of one type are told apart; the type itself is not written.
	for _, values := range [][]any{
		{nil, struct{}{}},
		{"", "x", "y"},
		{0, 1, -1},
		{int64(0), int64(1)},
		{uint64(0), uint64(1)},
		{true, false},
		{time.Duration(0), time.Second},
		{digester{1}, digester{2}},
		{
			outer{}, outer{D: 1}, outer{L: []inner{{}}}, outer{L: []inner{{A: 1}}},
			outer{L: []inner{{B: [2]uint16{0, 1}}}}, outer{L: []inner{{}, {}}}, outer{S: "s"}, outer{T: true},
		},
	} {
		seen := map[uint64]bool{}
		for _, v := range values {
			require.Equal(t, sumOf(v), sumOf(v))
			require.False(t, seen[sumOf(v)], "%#v", v)
			seen[sumOf(v)] = true
		}
	}
	require.Panics(t, func() { sumOf(map[string]int{}) })
	require.Panics(t, func() { sumOf(struct{ P *int }{}) })
}

func TestEveryFieldOfANoteCounts(t *testing.T) {
	seen := map[uint64]bool{}
	notes := []host.Note{
		{}, {Kind: 1}, {Subject: "x"}, {Value: "x"}, {Detail: "x"}, {Term: 1}, {N: 1}, {M: 1}, {P: 1}, {Q: 1}, {Zxid: 1},
	}
	for _, n := range notes {
		var d host.Digest
		n.Digest(&d)
		require.False(t, seen[d.Sum()], "%+v", n)
		seen[d.Sum()] = true
	}
}

func TestEveryNoteHasAName(t *testing.T) {
	seen := map[string]bool{}
	for k := host.NoteState; k <= host.NoteReady; k++ {
		require.NotEqual(t, "?", k.String())
		require.False(t, seen[k.String()])
		seen[k.String()] = true
	}
	require.Equal(t, "?", host.NoteKind(0).String())
	require.Equal(t, "?", (host.NoteReady + 1).String())
}

func TestEveryReasonHasAName(t *testing.T) {
	for r := host.ClosedByPeer; r <= host.Malformed; r++ {
		require.NotEqual(t, "?", r.String())
	}
	require.Equal(t, "?", (host.Malformed + 1).String())
}

func BenchmarkDigestString(b *testing.B) {
	for b.Loop() {
		var d host.Digest
		d.Str("worker-w1-1")
		d.Int(7)
	}
}
