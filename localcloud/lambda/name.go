package lambda

import (
	"cmp"
	"net/http"
	"strings"

	"tally/localcloud/cloud"
)

// latest is the unpublished version of a function, the only one that can change.
const latest = "$LATEST"

// functionName follows AWS's pattern for the FunctionName parameter: a name, a
// partial ARN or a full ARN, each with or without a qualifier.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
var functionName = lazily(
	`^(?:arn:aws[a-zA-Z-]*:lambda:)?([a-z]{2}(?:-gov)?-[a-z]+-\d:)?(\d{12}:)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

// Reference identifies a function, or a version or alias of it, as a caller named
// it.
type Reference struct {
	Name      string
	Qualifier string // a version, the name of an alias, or ""
	ARN       string // qualified if the caller qualified it
}

// Resolve returns the function that a caller refers to. The function is a name, a
// partial ARN or a full ARN; the qualifier may be given separately or at the end of
// it. Resolve does not check that the function exists, only that it is in this
// account and region. It fails with ValidationException, with
// InvalidParameterValueException if two different qualifiers are given, and with
// ResourceNotFoundException.
func (s *Service) Resolve(function, qualifier string) (Reference, error) {
	n, err := parseName(function, qualifier)
	if err != nil {
		return Reference{}, err
	}
	to := Reference{Name: n.name, Qualifier: n.qualifier, ARN: s.arn(n.name)}
	if n.qualifier != "" {
		to.ARN += ":" + n.qualifier
	}
	if n.region != "" && n.region != s.options.Place.Region || n.account != "" && n.account != s.options.Place.Account {
		return Reference{}, errNotFound(function)
	}
	return to, nil
}

// parts holds the parts of a reference to a function. Parts that are not given are
// "".
type parts struct{ region, account, name, qualifier string }

// parseName splits the name that Resolve accepts into its parts.
func parseName(function, qualifier string) (parts, error) {
	if p, ok := parseARN(function); ok && qualifier == "" {
		return p, nil
	}
	m := functionName().FindStringSubmatch(function)
	if m == nil {
		return parts{}, match(functionName(), "functionName", function)
	}
	if m[4] != "" && qualifier != "" && m[4] != qualifier {
		return parts{}, badParameter("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if err := cloud.CheckOptional(qualifier, CheckQualifier); err != nil {
		return parts{}, err
	}
	return parts{strings.TrimSuffix(m[1], ":"), strings.TrimSuffix(m[2], ":"), m[3], cmp.Or(qualifier, m[4])}, nil
}

// parseARN splits a full ARN, by which other services invoke functions, faster than
// functionName does. It returns false for anything else.
func parseARN(function string) (p parts, ok bool) {
	rest, ok := strings.CutPrefix(function, "arn:aws:lambda:")
	if !ok {
		return parts{}, false
	}
	p.region, rest, _ = strings.Cut(rest, ":")
	p.account, rest, _ = strings.Cut(rest, ":")
	if rest, ok = strings.CutPrefix(rest, "function:"); !ok {
		return parts{}, false
	}
	qualified := false
	p.name, p.qualifier, qualified = strings.Cut(rest, ":")
	valid := isRegion(p.region) && len(p.account) == 12 && isMadeOf(p.account, digits) &&
		len(p.name) <= 64 && isMadeOf(p.name, nameCharacters) &&
		(!qualified || p.qualifier == latest || isMadeOf(p.qualifier, nameCharacters))
	return p, valid
}

const (
	digits         = "0123456789"
	lowercase      = "abcdefghijklmnopqrstuvwxyz"
	nameCharacters = digits + lowercase + "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
)

// isMadeOf reports whether text is not empty and contains only the given characters.
func isMadeOf(text, characters string) bool {
	return text != "" && strings.Trim(text, characters) == ""
}

// isRegion reports whether text is a region such as "us-east-1", and not one of
// "us-gov".
func isRegion(text string) bool {
	area, rest, _ := strings.Cut(text, "-")
	direction, number, _ := strings.Cut(rest, "-")
	return len(area) == 2 && isMadeOf(area, lowercase) && isMadeOf(direction, lowercase) && len(number) == 1 && isMadeOf(number, digits)
}

func (s *Service) arn(name string) string {
	return s.options.Place.ARN("lambda", "function:"+name).String()
}

func errNotFound(arn string) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s", arn)
}
