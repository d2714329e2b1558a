package lambda

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"

	"tally/localcloud/cloud"
)

// latest is the unpublished version of a function, the only one that can change.
const latest = "$LATEST"

// functionName follows AWS's pattern for the FunctionName parameter: a name, a
// partial ARN or a full ARN, each with or without a qualifier.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
var functionName = regexp.MustCompile(
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
	m := functionName.FindStringSubmatch(function)
	if m == nil {
		return parts{}, match(functionName, "functionName", function)
	}
	if m[4] != "" && qualifier != "" && m[4] != qualifier {
		return parts{}, badParameter("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if err := cloud.CheckOptional(qualifier, CheckQualifier); err != nil {
		return parts{}, err
	}
	return parts{strings.TrimSuffix(m[1], ":"), strings.TrimSuffix(m[2], ":"), m[3], cmp.Or(qualifier, m[4])}, nil
}

func (s *Service) arn(name string) string {
	return s.options.Place.ARN("lambda", "function:"+name).String()
}

func errNotFound(arn string) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s", arn)
}
