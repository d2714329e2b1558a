package test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// firstLine reads r up to the first line that holds every one of the words.
func firstLine(r io.Reader, words []string) (string, error) {
	var seen []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if holdsAll(lines.Text(), words) {
			return lines.Text(), nil
		}
		seen = append(seen, lines.Text())
	}
	return "", errors.Join(lines.Err(), fmt.Errorf("the lines were:\n%s", strings.Join(seen, "\n")))
}

func holdsAll(line string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(line, word) {
			return false
		}
	}
	return true
}
