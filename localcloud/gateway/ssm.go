package gateway

import (
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/ssm"
)

const ssmTarget = "AmazonSSM"

// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Operations.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
func ssmOperations() operations {
	return operations{
		"AddTagsToResource":       authorized("ssm:AddTagsToResource", taggedParameter, addParameterTags),
		"DeleteParameter":         authorized("ssm:DeleteParameter", namedParameter[deleteParameterInput], deleteParameter),
		"DeleteParameters":        authorized("ssm:DeleteParameters", parametersFor[deleteParametersInput]("ssm:DeleteParameters"), deleteParameters),
		"DescribeParameters":      authorized("ssm:DescribeParameters", allParameters, describeParameters),
		"GetParameter":            authorized("ssm:GetParameter", namedParameter[getParameterInput], getParameter),
		"GetParameterHistory":     authorized("ssm:GetParameterHistory", namedParameter[parameterHistoryInput], getParameterHistory),
		"GetParameters":           authorized("ssm:GetParameters", parametersFor[getParametersInput]("ssm:GetParameters"), getParameters),
		"GetParametersByPath":     authorized("ssm:GetParametersByPath", parameterPath, getParametersByPath),
		"LabelParameterVersion":   authorized("ssm:LabelParameterVersion", namedParameter[labelParameterInput], labelParameterVersion),
		"ListTagsForResource":     authorized("ssm:ListTagsForResource", taggedParameter, listParameterTags),
		"PutParameter":            authorized("ssm:PutParameter", newParameter, putParameter),
		"RemoveTagsFromResource":  authorized("ssm:RemoveTagsFromResource", taggedParameter, removeParameterTags),
		"UnlabelParameterVersion": authorized("ssm:UnlabelParameterVersion", namedParameter[labelParameterInput], unlabelParameterVersion),
	}
}

type putParameterInput struct {
	Name, Value, Type, Tier, DataType string
	KeyID                             string `json:"KeyId"`
	Description, AllowedPattern       *string
	Overwrite                         *bool
	Tags                              []tag
	Policies                          string
}

type getParameterInput struct {
	Name           string
	WithDecryption bool
}

type getParametersInput struct {
	Names          []string
	WithDecryption bool
}

type parameterHistoryInput struct {
	Name           string
	WithDecryption bool
	MaxResults     *int
	NextToken      string
}

type parametersByPathInput struct {
	Path             string
	Recursive        *bool
	ParameterFilters []ssm.Filter
	WithDecryption   bool
	MaxResults       *int
	NextToken        string
}

type (
	deleteParameterInput  struct{ Name string }
	deleteParametersInput struct{ Names []string }
	labelParameterInput   struct {
		Name             string
		ParameterVersion int
		Labels           []string
	}
)

func (in getParameterInput) names() []string     { return []string{in.Name} }
func (in parameterHistoryInput) names() []string { return []string{in.Name} }
func (in deleteParameterInput) names() []string  { return []string{in.Name} }
func (in labelParameterInput) names() []string   { return []string{in.Name} }
func (in getParametersInput) names() []string    { return in.Names }
func (in deleteParametersInput) names() []string { return in.Names }

func namedParameter[In interface{ names() []string }](c *call, in In) (target, error) {
	return c.parameter(in.names()[0]), nil
}

// parametersFor returns the target of a request for several parameters: the first of them.
// It authorizes the action on the others itself: the request is refused if one of them is.
func parametersFor[In interface{ names() []string }](action string) func(*call, In) (target, error) {
	return func(c *call, in In) (target, error) {
		names := in.names()
		if len(names) < 1 || len(names) > 10 {
			return target{}, cloud.Violated("ValidationException", cloud.Hidden, "names", "Member must have length from 1 to 10.")
		}
		for _, name := range names[1:] {
			if err := c.authorize(action, c.parameter(name)); err != nil {
				return target{}, err
			}
		}
		return c.parameter(names[0]), nil
	}
}

// parameter returns the resource of a request that names a parameter or its ARN.
func (c *call) parameter(reference string) target {
	return target{resource: c.SSM.ARN(ssm.NameOf(reference)).String()}
}

// newParameter is the target of PutParameter. Tags require another permission.
func newParameter(c *call, in putParameterInput) (target, error) {
	tags := tagMap(in.Tags)
	t := c.parameter(in.Name)
	t.context = requestTags(tags)
	if in.Overwrite != nil {
		t.context = withKey(t.context, "ssm:Overwrite", boolText(*in.Overwrite))
	}
	return t, c.tagNew("ssm:AddTagsToResource", t.resource, tags)
}

func parameterPath(c *call, in parametersByPathInput) (target, error) {
	t := c.parameter(in.Path)
	if in.Recursive != nil {
		t.context = withKey(nil, "ssm:Recursive", boolText(*in.Recursive))
	}
	return t, nil
}

func allParameters(c *call, _ describeParametersInput) (target, error) {
	return target{resource: c.place.ARN("ssm", "*").String()}, nil
}

func putParameter(c *call, in putParameterInput) (any, error) {
	if in.Policies != "" {
		return nil, invalidSSM("The local cloud does not emulate Policies of parameters.")
	}
	p, err := c.SSM.Put(c.Context(), c.caller, ssm.Input{
		Name: in.Name, Value: in.Value, Type: in.Type, Tier: in.Tier, DataType: in.DataType, KeyID: in.KeyID,
		Description: in.Description, AllowedPattern: in.AllowedPattern, Overwrite: in.Overwrite != nil && *in.Overwrite, Tags: tagMap(in.Tags),
	})
	return struct {
		Version int
		Tier    string
	}{p.Version, p.Tier}, err
}

// parameterOutput is https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html
type parameterOutput struct {
	ARN              string
	DataType         string
	LastModifiedDate instant
	Name             string
	Selector         string `json:",omitempty"`
	Type             string
	Value            string
	Version          int
}

func parameterOf(p ssm.Parameter) parameterOutput {
	return parameterOutput{p.ARN, p.DataType, instant{p.Modified}, p.Name, p.Selector, p.Type, p.Value, p.Version}
}

func getParameter(c *call, in getParameterInput) (any, error) {
	p, err := c.SSM.Get(c.Context(), c.caller, in.Name, in.WithDecryption)
	return struct{ Parameter parameterOutput }{parameterOf(p)}, err
}

func getParameters(c *call, in getParametersInput) (any, error) {
	out := struct {
		Parameters        []parameterOutput
		InvalidParameters []string
	}{[]parameterOutput{}, []string{}}
	for _, name := range in.Names {
		p, err := c.SSM.Get(c.Context(), c.caller, name, in.WithDecryption)
		switch cloud.ErrorCode(err) {
		case "ParameterNotFound", "ParameterVersionNotFound":
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, parameterOf(p))
	}
	return out, nil
}

func getParametersByPath(c *call, in parametersByPathInput) (any, error) {
	found, err := c.SSM.ByPath(in.Path, in.Recursive != nil && *in.Recursive, in.ParameterFilters)
	if err != nil {
		return nil, err
	}
	found, next, err := parameterPage(found, in.NextToken, in.MaxResults, 10, parameterName)
	out := struct {
		Parameters []parameterOutput
		NextToken  string `json:",omitempty"`
	}{[]parameterOutput{}, next}
	for _, p := range found {
		p, err := c.SSM.Reveal(c.Context(), c.caller, p, in.WithDecryption)
		if cloud.ErrorCode(err) == "ParameterNotFound" {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, parameterOf(p))
	}
	return out, err
}

func deleteParameter(c *call, in deleteParameterInput) (any, error) {
	return struct{}{}, c.SSM.Delete(in.Name)
}

func deleteParameters(c *call, in deleteParametersInput) (any, error) {
	out := struct{ DeletedParameters, InvalidParameters []string }{[]string{}, []string{}}
	for _, name := range in.Names {
		switch err := c.SSM.Delete(name); {
		case err == nil:
			out.DeletedParameters = append(out.DeletedParameters, name)
		case cloud.ErrorCode(err) == "ParameterNotFound":
			out.InvalidParameters = append(out.InvalidParameters, name)
		default:
			return nil, err
		}
	}
	return out, nil
}

func labelParameterVersion(c *call, in labelParameterInput) (any, error) {
	version, invalid, err := c.SSM.Label(in.Name, in.ParameterVersion, in.Labels)
	return struct {
		InvalidLabels    []string
		ParameterVersion int
	}{invalid, version}, err
}

func unlabelParameterVersion(c *call, in labelParameterInput) (any, error) {
	removed, invalid, err := c.SSM.Unlabel(in.Name, in.ParameterVersion, in.Labels)
	return struct{ RemovedLabels, InvalidLabels []string }{removed, invalid}, err
}

func parameterName(p ssm.Parameter) string { return p.Name }

// parameterPage returns a page of parameters, which are ordered by key.
func parameterPage(all []ssm.Parameter, token string, limit *int, most int, key func(ssm.Parameter) string) ([]ssm.Parameter, string, error) {
	size := most
	if limit != nil {
		size = *limit
	}
	if size < 1 || size > most {
		return nil, "", cloud.Violated("ValidationException", cloud.Hidden, "maxResults", "Member must have value from 1 to %d.", most)
	}
	found, next, ok := page(all, token, size, key)
	if !ok {
		return nil, "", cloud.Errorf(http.StatusBadRequest, "InvalidNextToken", "The specified token is not valid.")
	}
	return found, next, nil
}

func invalidSSM(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "ValidationException", format, args...)
}
