package history

import (
	"fmt"
	"strconv"
	"strings"
)

// parse reads an operation as ZCall tells it.
func (o *ZOp) parse(text string) error {
	words, err := zwords(text)
	if err != nil {
		return err
	}
	if len(words) > 0 && words[0] == "multi" {
		o.Multi, words = true, words[1:]
	}
	for len(words) > 0 {
		n := 0
		for n < len(words) && (!o.Multi || words[n] != ";") {
			n++
		}
		p, err := o.parsePart(words[:n])
		if err != nil {
			return err
		}
		o.Parts = append(o.Parts, p)
		words = words[min(n+1, len(words)):]
	}
	if len(o.Parts) == 0 && !o.Multi {
		return fmt.Errorf("no operation")
	}
	return nil
}

func (o *ZOp) parsePart(words []string) (ZPart, error) {
	if len(words) < 2 {
		return ZPart{}, fmt.Errorf("%q is no operation", strings.Join(words, " "))
	}
	p := ZPart{Kind: words[0], Path: words[1], Version: -1}
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "data":
			p.Data = unquote(value)
		case "version":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return p, fmt.Errorf("%q: %w", w, err)
			}
			p.Version = n
		case "ephemeral":
			p.Ephemeral = true
		case "sequential":
			p.Sequential = true
		case "watch":
			o.Watch = true
		default:
			return p, fmt.Errorf("%s knows no %q", p.Kind, w)
		}
	}
	return p, nil
}

// told reads what ZReturn tells of an answer.
func (o *ZOp) told(text string) error {
	words, err := zwords(text)
	if err != nil {
		return err
	}
	if !o.Multi {
		o.Parts[0].Err = o.Err
		return o.Parts[0].told(words)
	}
	for i := 0; i < len(o.Parts) && len(words) > 0; i++ {
		n := 0
		for n < len(words) && words[n] != ";" {
			n++
		}
		o.Parts[i].Err = words[0]
		if err := o.Parts[i].told(words[1:n]); err != nil {
			return err
		}
		words = words[min(n+1, len(words)):]
	}
	return nil
}

func (p *ZPart) told(words []string) error {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "path":
			p.Made = value
			continue
		case "data":
			p.Read = unquote(value)
			continue
		case "names":
			p.Read = value
			continue
		}
		f := p.Stat.field(key)
		if f == nil {
			return fmt.Errorf("no answer holds %q", w)
		}
		n, err := strconv.ParseInt(value, 0, 64)
		if err != nil {
			return fmt.Errorf("%q: %w", w, err)
		}
		*f, p.HasStat = n, true
	}
	return nil
}

func (s *ZStat) field(name string) *int64 {
	switch name {
	case "version":
		return &s.Version
	case "cversion":
		return &s.Cversion
	case "czxid":
		return &s.Czxid
	case "mzxid":
		return &s.Mzxid
	case "pzxid":
		return &s.Pzxid
	case "owner":
		return &s.Owner
	case "length":
		return &s.Length
	case "children":
		return &s.Children
	}
	return nil
}

func unquote(s string) string {
	if s != "" && s[0] == '"' {
		if u, err := strconv.Unquote(s); err == nil {
			return u
		}
	}
	return s
}

// zwords cuts a text into words. A quote may hold spaces.
func zwords(text string) (words []string, err error) {
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
