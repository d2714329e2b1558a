package lambda

import (
	"net/http"
	"regexp"

	"tally/local/cloud"
)

// latest is the only version there is.
const latest = "$LATEST"

// functionName is AWS's own pattern of the FunctionName parameter: a name, a
// partial ARN or a whole one, each with or without a qualifier.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
var functionName = regexp.MustCompile(
	`^(?:arn:aws[a-zA-Z-]*:lambda:)?([a-z]{2}(?:-gov)?-[a-z]+-\d:)?(\d{12}:)?(?:function:)?([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)

// target is the function that an Invocation names.
type target struct {
	name string
	arn  string // as invoked: qualified where the caller qualified it
}

// resolve reads what the caller gave for a function and its qualifier. It
// does not look whether the function exists, only whether it could here.
func (s *Service) resolve(function, qualifier string) (target, error) {
	m := functionName.FindStringSubmatch(function)
	if m == nil {
		return target{}, invalid("Value '%s' at 'functionName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: %s", function, functionName)
	}
	region, account, name := m[1], m[2], m[3]
	if m[4] != "" && qualifier != "" && m[4] != qualifier {
		return target{}, cloud.Errorf(http.StatusBadRequest, "InvalidParameterValueException",
			"The derived qualifier from the function name does not match the specified qualifier.")
	}
	if qualifier == "" {
		qualifier = m[4]
	}
	to := target{name: name, arn: s.arn(name)}
	if qualifier != "" {
		to.arn += ":" + qualifier
	}
	elsewhere := region != "" && region != s.options.Place.Region+":" || account != "" && account != s.options.Place.Account+":"
	if elsewhere {
		return target{}, cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s", function)
	}
	if qualifier != "" && qualifier != latest {
		return target{}, cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s", to.arn)
	}
	return to, nil
}

func (s *Service) arn(name string) string {
	return s.options.Place.ARN("lambda", "function:"+name).String()
}

func (s *Service) errNotFound(name string) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s", s.arn(name))
}
