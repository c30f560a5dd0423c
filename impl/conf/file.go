package conf

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFile bounds a file, in bytes.
const maxFile = 1 << 20

// Parse reads a file like spark-defaults.conf: a key and a value a line,
// separated by spaces, "=" or ":", as java.util.Properties has them; lines that
// begin with # or ! are skipped, a \ at the end of a line continues it. Name is
// what the file is called in errors, as "spark-defaults.conf:7: ...". A key
// that stands there twice is refused; Java would take the last.
func Parse(name string, text []byte) (Conf, error) {
	if len(text) > maxFile {
		return Conf{}, fmt.Errorf("%s: %d bytes, more than %d", name, len(text), maxFile)
	}
	var c Conf
	first := map[string]int{}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		at := i + 1
		line := strings.TrimLeft(lines[i], " \t\f")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		for continued(line) && i+1 < len(lines) {
			i++
			line = line[:len(line)-1] + strings.TrimLeft(lines[i], " \t\f")
		}
		key, value, err := property(line)
		if err == nil {
			err = c.add(key, value)
		}
		if k, unknown := find(key); unknown == nil {
			if was := first[k.Name]; was > 0 {
				err = fmt.Errorf("%s is given twice, first on line %d", k.Name, was)
			}
			first[k.Name] = at
		}
		if err != nil {
			return Conf{}, fmt.Errorf("%s:%d: %w", name, at, err)
		}
	}
	return c, nil
}

// continued reports whether a line ends in a \ that is not itself escaped.
func continued(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// property takes a logical line apart.
func property(line string) (key, value string, err error) {
	if !utf8.ValidString(line) {
		return "", "", fmt.Errorf("not UTF-8 text")
	}
	end := 0
	for end < len(line) && !strings.ContainsRune("=: \t\f", rune(line[end])) {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(line))
	rest := strings.TrimLeft(line[end:], " \t\f")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = rest[1:]
	}
	if key, err = unescape(line[:end]); err == nil {
		value, err = unescape(rest)
	}
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if err == nil && value == "" {
		err = fmt.Errorf("%s has no value", key)
	}
	return key, value, err
}

// unescape resolves what Java escapes with \.
func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			n, err := strconv.ParseUint(s[i+1:min(i+5, len(s))], 16, 32)
			if err != nil || i+5 > len(s) {
				return "", fmt.Errorf(`want four hexadecimal digits after \u`)
			}
			b.WriteRune(rune(n))
			i += 4
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), nil
}
