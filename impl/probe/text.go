package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/simctl/simctl/impl/coord"
	"github.com/simctl/simctl/impl/host"
)

// Text is an operation in words, as notes tell it and [ParseOp] reads it:
//
//	create /a data=x ephemeral sequential
//	set /a data=y version=3
//	delete /a version=3
//	get /a watch, exists /a watch, children /a watch
//	sync /a
//	multi check /a version=2 ; set /b data=z ; create /c ; delete /d
//
// No version is any version. A datum that is no plain word is quoted as in Go;
// one of more than 64 bytes is told by its length and digest, and not read
// back.
func Text(op *coord.Op, watch bool) string {
	if op.Kind == coord.Multi {
		parts := make([]string, len(op.Ops))
		for i := range op.Ops {
			parts[i] = Text(&op.Ops[i], false)
		}
		return strings.TrimSpace("multi " + strings.Join(parts, " ; "))
	}
	var b strings.Builder
	b.WriteString(op.Kind.String() + " " + op.Path)
	if (op.Kind == coord.Create || op.Kind == coord.Set) && len(op.Data) > 0 {
		b.WriteString(" data=" + dataText(op.Data))
	}
	switch op.Kind {
	case coord.Create:
		if op.Mode&coord.Ephemeral != 0 {
			b.WriteString(" ephemeral")
		}
		if op.Mode&coord.PersistentSequential != 0 {
			b.WriteString(" sequential")
		}
	case coord.Set, coord.Delete, coord.Check:
		if op.Version != coord.AnyVersion {
			fmt.Fprintf(&b, " version=%d", op.Version)
		}
	default:
	}
	if watch {
		b.WriteString(" watch")
	}
	return b.String()
}

// brief is what an operation is and where, for the note of its answer.
func brief(k coord.Kind, path string) string {
	if k == coord.Multi {
		return "multi"
	}
	return k.String() + " " + path
}

// longest is the datum of most bytes that is told as it is.
const longest = 64

func dataText(b []byte) string {
	if len(b) > longest {
		var d host.Digest
		d.Bytes(b)
		return fmt.Sprintf("#%d:%016x", len(b), d.Sum())
	}
	return word(string(b))
}

func word(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\";,#=", r) || r > '~' }) {
		return strconv.Quote(s)
	}
	return s
}

var errorNames = [...]struct {
	err  error
	name string
}{
	{coord.ErrConnectionLoss, "connection-loss"},
	{coord.ErrExpired, "expired"},
	{coord.ErrClosed, "closed"},
	{coord.ErrNoNode, "no-node"},
	{coord.ErrNodeExists, "node-exists"},
	{coord.ErrBadVersion, "bad-version"},
	{coord.ErrNotEmpty, "not-empty"},
	{coord.ErrNoChildrenForEphemerals, "ephemeral-parent"},
	{coord.ErrBadArguments, "bad-arguments"},
	{coord.ErrRolledBack, "rolled-back"},
}

// ErrorName is how notes tell an error: "ok" for none, "connection-loss",
// "expired", "closed", "no-node", "node-exists", "bad-version", "not-empty",
// "ephemeral-parent", "bad-arguments", "rolled-back"; "error" for any other.
func ErrorName(err error) string {
	if err == nil {
		return "ok"
	}
	for _, e := range errorNames {
		if errors.Is(err, e.err) {
			return e.name
		}
	}
	return "error"
}

// Answer is what an answer holds, in words, but for its error and zxid:
// "path=/a0000000001", "data=x version=3 mzxid=12 ...", "names=b,c ..."; of a
// multi what each operation got, joined by " ; ". A number that is 0 is left
// out; so is a Stat that is not known. Parts are the kinds of a multi's.
func Answer(k coord.Kind, parts []coord.Kind, r *coord.Result) string {
	if k == coord.Multi {
		words := make([]string, len(r.Results))
		for i := range r.Results {
			words[i] = ErrorName(r.Results[i].Err)
			if i < len(parts) {
				words[i] = strings.TrimSpace(words[i] + " " + Answer(parts[i], nil, &r.Results[i]))
			}
		}
		return strings.Join(words, " ; ")
	}
	if r.Err != nil {
		return ""
	}
	var words []string
	switch k {
	case coord.Create:
		words = append(words, "path="+r.Path)
	case coord.Get:
		words = append(words, "data="+dataText(r.Data))
	case coord.Children:
		words = append(words, "names="+strings.Join(r.Children, ","))
	default:
	}
	return strings.Join(append(words, statWords(&r.Stat)...), " ")
}

func statWords(s *coord.Stat) (words []string) {
	if s.Czxid == 0 && s.Pzxid == 0 && s.Mzxid == 0 {
		return nil
	}
	for _, f := range [...]struct {
		name string
		n    int64
	}{
		{"version", int64(s.Version)}, {"cversion", int64(s.Cversion)}, {"czxid", s.Czxid}, {"mzxid", s.Mzxid},
		{"pzxid", s.Pzxid}, {"owner", s.EphemeralOwner}, {"length", int64(s.DataLength)}, {"children", int64(s.NumChildren)},
	} {
		if f.n != 0 {
			words = append(words, f.name+"="+strconv.FormatInt(f.n, 10))
		}
	}
	return words
}

// ParseOp reads an operation in the words of [Text], and whether it leaves a
// watch. Errors name the word that is wrong.
func ParseOp(text string) (op coord.Op, watch bool, err error) {
	words, err := split(text)
	if err != nil {
		return op, false, err
	}
	if len(words) == 0 {
		return op, false, errors.New("no operation")
	}
	if words[0] != coord.Multi.String() {
		return parseOne(words)
	}
	op.Kind = coord.Multi
	rest := words[1:]
	for len(rest) > 0 {
		n := 0
		for n < len(rest) && rest[n] != ";" {
			n++
		}
		part, w, err := parseOne(rest[:n])
		if err != nil {
			return op, false, err
		}
		if w || part.Kind != coord.Create && part.Kind != coord.Delete && part.Kind != coord.Set && part.Kind != coord.Check {
			return op, false, fmt.Errorf("%s cannot be part of a multi", strings.Join(rest[:n], " "))
		}
		op.Ops = append(op.Ops, part)
		rest = rest[min(n+1, len(rest)):]
	}
	return op, false, nil
}

func parseOne(words []string) (op coord.Op, watch bool, err error) {
	if len(words) < 2 {
		return op, false, fmt.Errorf("%q: want an operation and a path", strings.Join(words, " "))
	}
	for k := coord.Create; k <= coord.Sync; k++ {
		if k.String() == words[0] && k != coord.Multi {
			op.Kind = k
		}
	}
	if op.Kind == 0 {
		return op, false, fmt.Errorf("no operation %q", words[0])
	}
	op.Path, op.Version = words[1], coord.AnyVersion
	if !strings.HasPrefix(op.Path, "/") {
		return op, false, fmt.Errorf("%q is no path: it must begin with /", op.Path)
	}
	if op.Kind == coord.Create {
		op.Version = 0
	}
	for _, w := range words[2:] {
		if err := parseArg(&op, &watch, w); err != nil {
			return op, false, err
		}
	}
	return op, watch, nil
}

func parseArg(op *coord.Op, watch *bool, w string) error {
	key, value, _ := strings.Cut(w, "=")
	is := func(kinds ...coord.Kind) bool {
		for _, k := range kinds {
			if op.Kind == k {
				return true
			}
		}
		return false
	}
	switch {
	case key == "data" && is(coord.Create, coord.Set):
		if op.Data = []byte(value); value != "" && value[0] == '"' {
			s, err := strconv.Unquote(value)
			if err != nil {
				return fmt.Errorf("%q: %w", w, err)
			}
			op.Data = []byte(s)
		}
	case key == "version" && is(coord.Set, coord.Delete, coord.Check):
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return fmt.Errorf("%q: %w", w, err)
		}
		op.Version = int32(n)
	case w == "ephemeral" && is(coord.Create):
		op.Mode |= coord.Ephemeral
	case w == "sequential" && is(coord.Create):
		op.Mode |= coord.PersistentSequential
	case w == "watch" && is(coord.Get, coord.Exists, coord.Children):
		*watch = true
	default:
		return fmt.Errorf("%s knows no %q", op.Kind, w)
	}
	return nil
}

// split cuts a text into words. A quote may hold spaces.
func split(text string) (words []string, err error) {
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		n := strings.IndexByte(rest, ' ')
		if n < 0 {
			n = len(rest)
		}
		if q := strings.IndexByte(rest, '"'); q >= 0 && q < n {
			quoted, err := strconv.QuotedPrefix(rest[q:])
			if err != nil {
				return nil, fmt.Errorf("%q: the quote is not closed", rest)
			}
			n = q + len(quoted)
		}
		words, rest = append(words, rest[:n]), rest[n:]
	}
	return words, nil
}
