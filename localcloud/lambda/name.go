package lambda

import (
	"net/http"
	"regexp"

	"tally/localcloud/cloud"
)

// latest is the version that can be changed.
const latest = "$LATEST"

// functionName is AWS's own pattern of the FunctionName parameter: a name, a
// partial ARN or a whole one, each with or without a qualifier.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
var functionName = regexp.MustCompile(
	`^(?:arn:aws[a-zA-Z-]*:lambda:)?([a-z]{2}(?:-gov)?-[a-z]+-\d:)?(\d{12}:)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

// Reference is a function as a caller names it.
type Reference struct {
	Name      string
	Qualifier string // a version, the name of an alias, or ""
	ARN       string // as named: qualified where the caller qualified it
}

// Resolve reads what a caller gave for a function, a name or a partial or whole
// ARN, and for its qualifier, which may also stand at the end of the former. It
// does not look whether the function exists, only whether it could here. It
// fails with ValidationException, InvalidParameterValueException where the two
// qualifiers differ, and ResourceNotFoundException.
func (s *Service) Resolve(function, qualifier string) (Reference, error) {
	m := functionName.FindStringSubmatch(function)
	if m == nil {
		return Reference{}, invalid("Value '%s' at 'functionName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: %s", function, functionName)
	}
	region, account, name := m[1], m[2], m[3]
	if m[4] != "" && qualifier != "" && m[4] != qualifier {
		return Reference{}, badParameter("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualifier == "" {
		qualifier = m[4]
	}
	to := Reference{Name: name, Qualifier: qualifier, ARN: s.arn(name)}
	if qualifier != "" {
		to.ARN += ":" + qualifier
	}
	elsewhere := region != "" && region != s.options.Place.Region+":" || account != "" && account != s.options.Place.Account+":"
	if elsewhere {
		return Reference{}, errNotFound(function)
	}
	return to, nil
}

func (s *Service) arn(name string) string {
	return s.options.Place.ARN("lambda", "function:"+name).String()
}

func errNotFound(arn string) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s", arn)
}
