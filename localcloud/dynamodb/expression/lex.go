package expression

import (
	"strings"
	"unicode/utf8"
)

// tokenKind is the kind of a token.
type tokenKind int

const (
	endToken    tokenKind = iota
	wordToken             // a keyword, or the name of an attribute or a function
	nameToken             // #name
	valueToken            // :name
	indexToken            // digits
	symbolToken           // an operator or punctuation, or a character that has no meaning
)

type token struct {
	kind       tokenKind
	text       string
	start, end int // offsets of bytes in the expression
}

// lex splits an expression into tokens. The last one is an endToken.
func lex(text string) []token {
	var tokens []token
	for i := 0; ; {
		i += len(text[i:]) - len(strings.TrimLeft(text[i:], " \t\r\n"))
		if i == len(text) {
			return append(tokens, token{kind: endToken, text: "<EOF>", start: i, end: i})
		}
		kind, size := scan(text[i:])
		tokens = append(tokens, token{kind: kind, text: text[i : i+size], start: i, end: i + size})
		i += size
	}
}

// scan returns the kind and the length of the token that text begins with.
func scan(text string) (kind tokenKind, size int) {
	switch c := text[0]; {
	case isLetter(c):
		return wordToken, span(text, 1, isWord)
	case isDigit(c):
		return indexToken, span(text, 1, isDigit)
	case c == '#' && len(text) > 1 && isWord(text[1]):
		return nameToken, span(text, 1, isWord)
	case c == ':' && len(text) > 1 && isWord(text[1]):
		return valueToken, span(text, 1, isWord)
	}
	for _, operator := range []string{"<>", "<=", ">="} {
		if strings.HasPrefix(text, operator) {
			return symbolToken, len(operator)
		}
	}
	_, size = utf8.DecodeRuneInString(text)
	return symbolToken, size
}

// span returns the length of the prefix of text whose bytes after the first n are in.
func span(text string, n int, in func(byte) bool) int {
	for n < len(text) && in(text[n]) {
		n++
	}
	return n
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }
