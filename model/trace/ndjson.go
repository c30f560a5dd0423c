package trace

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line that ReadLines takes, in bytes: far above any
// step or event, and low enough that a file of something else is refused
// before it fills the memory.
const maxLine = 16 << 20

// WriteLines writes each item as one line of JSON. The bytes depend on the
// items alone.
func WriteLines[T any](w io.Writer, items []T) error {
	b := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for i := range items {
		if err := enc.Encode(&items[i]); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return b.Flush()
}

// ReadLines reads what [WriteLines] wrote. Name is the file's, for errors:
// each names file, line and reason. A last line without its line feed is a
// file cut short, and an error.
func ReadLines[T any](name string, r io.Reader) ([]T, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	var items []T
	for line := 1; ; line++ {
		text, err := readLine(b)
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			return items, nil
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%s: line %d: truncated: the last line has no end", name, line)
		case err != nil:
			return nil, fmt.Errorf("%s: line %d: %w", name, line, err)
		}
		var item T
		if err := json.Unmarshal(text, &item); err != nil {
			return nil, fmt.Errorf("%s: line %d: not a record: %w", name, line, err)
		}
		items = append(items, item)
	}
}

// readLine returns the next line without its line feed, or what there is of
// it and io.EOF.
func readLine(b *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		part, err := b.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == nil:
			return text[:len(text)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return text, err
		case len(text) > maxLine:
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		}
	}
}
