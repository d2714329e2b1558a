package attribute

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// reader reads JSON that encoding/json has found to be valid, in one pass: items are
// decoded for each read of a table. Of other data it makes no sense, or an error.
type reader struct {
	data []byte
	next int
}

var errJSON = errors.New("attribute: invalid JSON")

// peek returns the first byte of the next token, which determines its kind, or 0 at the end.
func (r *reader) peek() byte {
	for r.next < len(r.data) {
		c := r.data[r.next]
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
		r.next++
	}
	return 0
}

// accept consumes the next byte if it is c.
func (r *reader) accept(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.next++
	return true
}

// literal consumes true, false, null or a number.
func (r *reader) literal() string {
	r.peek()
	start := r.next
	for r.next < len(r.data) && !strings.ContainsRune(",]} \t\r\n", rune(r.data[r.next])) {
		r.next++
	}
	return string(r.data[start:r.next])
}

// text consumes a string.
func (r *reader) text() (string, error) {
	if !r.accept('"') {
		return "", errJSON
	}
	start := r.next
	for escaped := false; r.next < len(r.data); {
		c := r.data[r.next]
		r.next++
		switch {
		case c == '\\':
			escaped = true
			r.next++
		case c == '"':
			raw := r.data[start : r.next-1]
			if !escaped && utf8.Valid(raw) {
				return string(raw), nil
			}
			var s string
			err := json.Unmarshal(r.data[start-1:r.next], &s)
			return s, err
		}
	}
	return "", errJSON
}

// object calls member for each member of an object, which consumes its value.
func (r *reader) object(member func(name string) error) error {
	return r.each('{', '}', func() error {
		name, err := r.text()
		if err != nil {
			return err
		}
		if !r.accept(':') {
			return errJSON
		}
		return member(name)
	})
}

// each calls element for each element of an array or object, which consumes it.
func (r *reader) each(open, shut byte, element func() error) error {
	if !r.accept(open) {
		return errJSON
	}
	if r.accept(shut) {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if r.accept(shut) {
			return nil
		}
		if !r.accept(',') {
			return errJSON
		}
	}
}

// skip consumes a value.
func (r *reader) skip() error {
	switch r.peek() {
	case '{':
		return r.object(func(string) error { return r.skip() })
	case '[':
		return r.each('[', ']', r.skip)
	case '"':
		_, err := r.text()
		return err
	}
	if r.literal() == "" {
		return errJSON
	}
	return nil
}
