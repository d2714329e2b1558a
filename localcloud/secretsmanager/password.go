package secretsmanager

import (
	"crypto/rand"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// Password describes a random password.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
type Password struct {
	Length                                             int // 1 to 4096
	Exclude                                            string
	NoNumbers, NoPunctuation, NoUppercase, NoLowercase bool
	Space                                              bool
	EachType                                           bool // at least one character of each type
}

const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// RandomPassword returns a random password, or InvalidParameterException.
func RandomPassword(p Password) (string, error) {
	if p.Length < 1 || p.Length > 4096 {
		return "", invalid("The password length must be from 1 to 4096, not %d.", p.Length)
	}
	var types []string
	for _, t := range []struct {
		omit  bool
		chars string
	}{
		{p.NoLowercase, "abcdefghijklmnopqrstuvwxyz"}, {p.NoUppercase, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}, {p.NoNumbers, "0123456789"}, {p.NoPunctuation, punctuation}, {!p.Space, " "},
	} {
		chars := strings.Map(func(r rune) rune {
			if strings.ContainsRune(p.Exclude, r) {
				return -1
			}
			return r
		}, t.chars)
		if !t.omit && chars != "" {
			types = append(types, chars)
		}
	}
	all := strings.Join(types, "")
	switch {
	case all == "":
		return "", invalid("The password would have no characters: all are excluded.")
	case p.EachType && len(types) > p.Length:
		return "", invalid("The password length %d is too short for one character of each of %d types.", p.Length, len(types))
	}
	password := make([]byte, p.Length)
	for i := range password {
		from := all
		if p.EachType && i < len(types) {
			from = types[i]
		}
		password[i] = from[below(len(from))]
	}
	for i := len(password) - 1; i > 0; i-- {
		j := below(i + 1)
		password[i], password[j] = password[j], password[i]
	}
	return string(password), nil
}

// below returns a random number from 0 to n-1.
func below(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // rand.Reader does not fail
	}
	return int(i.Int64())
}

// public reports whether a policy allows everyone something without a condition.
func public(policy string) bool {
	type statement struct {
		Effect    string
		Principal json.RawMessage
		Condition map[string]any
	}
	var document struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(policy), &document) != nil {
		return false
	}
	var list []statement
	if json.Unmarshal(document.Statement, &list) != nil {
		list = make([]statement, 1)
		if json.Unmarshal(document.Statement, &list[0]) != nil {
			return false
		}
	}
	return slices.ContainsFunc(list, func(s statement) bool {
		return s.Effect == "Allow" && len(s.Condition) == 0 && strings.Contains(string(s.Principal), `"*"`)
	})
}
