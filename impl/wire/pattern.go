package wire

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// An IDPattern says how identities are spelled, in the part of Java's
// String.format that makes sense there: %s is the next argument, %d and %04d
// the next argument, which must be a number, with leading zeros to four digits;
// %% is a per cent sign. Arguments that the pattern does not use are left out.
type IDPattern string

// The patterns of Spark (spark.deploy.driverIdPattern and its like).
const (
	DriverIDs IDPattern = "driver-%s-%04d"  // the moment, the number
	WorkerIDs IDPattern = "worker-%s-%s-%d" // the moment, the machine, the port
	AppIDs    IDPattern = "app-%s-%04d"     // the moment, the number
)

// maxPad is to how many digits a number may be filled up.
const maxPad = 20

// piece is a stretch of a pattern: plain text, or an argument.
type piece struct {
	text   string
	arg    bool
	number bool // %d
	pad    int
}

func (p IDPattern) pieces() (out []piece, err error) {
	rest := string(p)
	for rest != "" {
		i := strings.IndexByte(rest, '%')
		if i < 0 {
			return append(out, piece{text: rest}), nil
		}
		if i > 0 {
			out = append(out, piece{text: rest[:i]})
		}
		spec := rest[i+1:]
		digits := strings.TrimLeft(spec, "0123456789")
		width := spec[:len(spec)-len(digits)]
		pad, tooLong := strconv.Atoi("0" + width)
		switch {
		case strings.HasPrefix(spec, "s"):
			out = append(out, piece{arg: true})
		case strings.HasPrefix(spec, "%"):
			out = append(out, piece{text: "%"})
		case strings.HasPrefix(digits, "d") && (width == "" || width[0] == '0' && pad > 0 && pad <= maxPad && tooLong == nil):
			out = append(out, piece{arg: true, number: true, pad: pad})
		default:
			return nil, fmt.Errorf("pattern %q: want %%s, %%d or %%04d after %q", string(p), rest[:i])
		}
		rest = digits[1:]
	}
	return out, nil
}

// Check refuses a pattern that holds a space, or asks for what it is not
// given: the arguments are words, and then numbers.
func (p IDPattern) Check(words, numbers int) error {
	pieces, err := p.pieces()
	if err != nil {
		return err
	}
	if p == "" || strings.ContainsFunc(string(p), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '/' }) {
		return fmt.Errorf("pattern %q: an ID is not empty and has no spaces and slashes", string(p))
	}
	n := 0
	for _, q := range pieces {
		if !q.arg {
			continue
		}
		if q.number && n < words {
			return fmt.Errorf("pattern %q: argument %d is a word, want %%s", string(p), n+1)
		}
		n++
	}
	if n > words+numbers {
		return fmt.Errorf("pattern %q: %d arguments, and there are %d", string(p), n, words+numbers)
	}
	return nil
}

// CheckUnique refuses a pattern whose IDs could be the same, or could not be
// taken apart again: all arguments must be used, the last one as a number, and
// something that begins with no digit must stand between them.
func (p IDPattern) CheckUnique(words, numbers int) error {
	if err := p.Check(words, numbers); err != nil {
		return err
	}
	pieces, _ := p.pieces()
	n, last := 0, piece{text: "-"}
	for _, q := range pieces {
		if q.arg && last.arg {
			return fmt.Errorf("pattern %q: nothing stands between two arguments", string(p))
		}
		if q.arg {
			n++
		}
		if !q.arg && last.arg && q.text[0] >= '0' && q.text[0] <= '9' {
			return fmt.Errorf("pattern %q: a digit stands behind an argument", string(p))
		}
		last = q
	}
	if n < words+numbers || !last.number {
		return fmt.Errorf("pattern %q: with term-in-ids it must use all %d arguments and end in a number, as %%04d", string(p), words+numbers)
	}
	return nil
}

// Make spells an ID. The pattern must have passed Check with as many words and
// numbers.
func (p IDPattern) Make(words []string, numbers ...int64) string {
	pieces, err := p.pieces()
	if err != nil {
		return string(p)
	}
	out, n := "", 0
	for _, q := range pieces {
		switch {
		case !q.arg:
			out += q.text
			continue
		case n < len(words):
			out += words[n]
		case n-len(words) < len(numbers):
			out += fmt.Sprintf("%0*d", q.pad, numbers[n-len(words)])
		}
		n++
	}
	return out
}

// Numbers takes an ID apart again that was made of words which are t and a
// number, and of numbers. ok is false if it was not.
func (p IDPattern) Numbers(id string) (numbers []int64, ok bool) {
	pieces, err := p.pieces()
	if err != nil {
		return nil, false
	}
	for _, q := range pieces {
		if !q.arg {
			if id, ok = strings.CutPrefix(id, q.text); !ok {
				return nil, false
			}
			continue
		}
		if !q.number {
			id = strings.TrimPrefix(id, "t")
		}
		rest := strings.TrimLeft(id, "0123456789")
		n, err := strconv.ParseInt(id[:len(id)-len(rest)], 10, 64)
		if err != nil {
			return nil, false
		}
		numbers, id = append(numbers, n), rest
	}
	return numbers, id == ""
}
