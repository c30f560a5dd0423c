package explorer

import (
	"regexp"
	"slices"
	"strings"
)

// A tree is a line of a text and the lines below it that are indented deeper.
type tree struct {
	text string
	kids []tree
	all  string // the line and all below it
}

// treesOf reads a text by its indentation. Empty lines are left out.
func treesOf(text string) []tree {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return below(lines)
}

func below(lines []string) (trees []tree) {
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && indent(lines[n]) > indent(lines[0]) {
			n++
		}
		trees = append(trees, tree{strings.TrimSpace(lines[0]), below(lines[1:n]), strings.Join(lines[:n], "\n")})
		lines = lines[n:]
	}
	return trees
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// How a line came to be.
const (
	same    = ""
	fresh   = "new"
	gone    = "gone"
	changed = "changed"
)

// A line is a line of the state with what became of it in the last step.
type line struct {
	How   string // one of the above
	Words []word
	Kids  []line
	Open  bool // what is below it is shown at once
	moved bool // it or something below it is not as it was
}

// A word is a part of a line.
type word struct {
	Text, How string // How: same, new or gone
	Apart     bool   // a space is before it
}

// compare is b with what is another than in a. Lines are paired that begin with
// the same words, the more the better, in an order that both have.
func compare(a, b []tree) (out []line) {
	for _, p := range align(len(a), len(b), func(i, j int) int { return likeness(&a[i], &b[j]) }) {
		switch {
		case p.b < 0:
			out = append(out, whole(&a[p.a], gone))
		case p.a < 0:
			out = append(out, whole(&b[p.b], fresh))
		default:
			x := line{Kids: compare(a[p.a].kids, b[p.b].kids)}
			x.Words, x.How = compareWords(a[p.a].text, b[p.b].text)
			x.moved = x.How != same || slices.ContainsFunc(x.Kids, func(k line) bool { return k.moved })
			out = append(out, x)
		}
	}
	return out
}

// whole is a line and all below it that has one fate.
func whole(t *tree, how string) line {
	x := line{How: how, Words: []word{{Text: t.text}}, moved: how != same}
	for i := range t.kids {
		x.Kids = append(x.Kids, whole(&t.kids[i], how))
	}
	return x
}

// likeness is how well two lines fit together, 0 if not at all.
func likeness(a, b *tree) int {
	switch {
	case a.all == b.all:
		return equal
	case a.text == b.text:
		return equal / 2
	}
	n := 0
	for x, y := wordsOf.FindAllString(a.text, -1), wordsOf.FindAllString(b.text, -1); n < min(len(x), len(y), equal/4) && x[n] == y[n]; {
		n++
	}
	return n
}

// wordsOf finds the words of a line, each with the spaces before it.
var wordsOf = regexp.MustCompile(`\s*[^\s,;]+|\s*[,;]`)

// compareWords is the words of two lines that were paired.
func compareWords(a, b string) (words []word, how string) {
	if a == b {
		return []word{{Text: b}}, same
	}
	add := func(text, how string) {
		if n := len(words); n > 0 && words[n-1].How == how {
			words[n-1].Text += text
			return
		}
		bare := strings.TrimLeft(text, " \t")
		words = append(words, word{bare, how, bare != text})
	}
	x, y := wordsOf.FindAllString(a, -1), wordsOf.FindAllString(b, -1)
	pairs := align(len(x), len(y), func(i, j int) int {
		if x[i] == y[j] {
			return equal
		}
		return 0
	})
	for _, p := range pairs {
		switch {
		case p.b < 0:
			add(x[p.a], gone)
		case p.a < 0:
			add(y[p.b], fresh)
		default:
			add(y[p.b], same)
		}
	}
	return words, changed
}

// A pair is the places of two things that belong together; -1 if there is none.
type pair struct{ a, b int }

// equal is what two things are worth to each other that are the same.
const equal = 100

// mostPairs is how many comparisons are worth their time.
const mostPairs = 250_000

// align pairs n things with m others in the order of both: the equal ones at
// both ends, and between them so that the sum of what they are worth is the
// greatest. What is worth 0 is not paired, and nothing beyond mostPairs.
func align(n, m int, worth func(i, j int) int) (out []pair) {
	lo := 0
	for lo < min(n, m) && worth(lo, lo) == equal {
		out = append(out, pair{lo, lo})
		lo++
	}
	hi := 0
	for hi < min(n, m)-lo && worth(n-1-hi, m-1-hi) == equal {
		hi++
	}
	out = append(out, best(lo, n-hi, m-hi, worth)...)
	for k := range hi {
		out = append(out, pair{n - hi + k, m - hi + k})
	}
	return out
}

// best pairs what stands in [lo, n) and [lo, m), by the table of the best sums
// of what is left of both.
func best(lo, n, m int, worth func(i, j int) int) (out []pair) {
	wide := m - lo + 1
	sum := make([]int, 0)
	if (n-lo)*(m-lo) <= mostPairs {
		sum = make([]int, (n-lo+1)*wide)
		for i := n - 1; i >= lo; i-- {
			for j := m - 1; j >= lo; j-- {
				at := (i-lo)*wide + j - lo
				sum[at] = max(sum[at+wide], sum[at+1])
				if w := worth(i, j); w > 0 {
					sum[at] = max(sum[at], sum[at+wide+1]+w)
				}
			}
		}
	}
	i, j := lo, lo
	for len(sum) > 0 && i < n && j < m {
		at := (i-lo)*wide + j - lo
		switch w := worth(i, j); {
		case w > 0 && sum[at] == sum[at+wide+1]+w:
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case sum[at] == sum[at+wide]:
			out = append(out, pair{i, -1})
			i++
		default:
			out = append(out, pair{-1, j})
			j++
		}
	}
	for ; i < n; i++ {
		out = append(out, pair{i, -1})
	}
	for ; j < m; j++ {
		out = append(out, pair{-1, j})
	}
	return out
}
