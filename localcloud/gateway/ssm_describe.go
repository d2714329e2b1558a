package gateway

import (
	"fmt"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/ssm"
)

type describeParametersInput struct {
	ParameterFilters []ssm.Filter
	Filters          []struct {
		Key    string
		Values []string
	} // an older form of the filters
	MaxResults *int
	NextToken  string
	Shared     bool // there are none
}

// parameterMetadata is https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterMetadata.html
// and, with the last three members, API_ParameterHistory.html
type parameterMetadata struct {
	ARN              string `json:",omitempty"`
	AllowedPattern   string `json:",omitempty"`
	DataType         string
	Description      string `json:",omitempty"`
	KeyID            string `json:"KeyId,omitempty"`
	LastModifiedDate instant
	LastModifiedUser string
	Name             string
	Policies         []struct{}
	Tier             string
	Type             string
	Version          int

	Labels []string `json:",omitempty"`
	Value  string   `json:",omitempty"`
}

func metadataOf(p ssm.Parameter) parameterMetadata {
	return parameterMetadata{ARN: p.ARN, AllowedPattern: p.AllowedPattern, DataType: p.DataType, Description: p.Description, KeyID: p.KeyID,
		LastModifiedDate: instant{p.Modified}, LastModifiedUser: p.ModifiedBy, Name: p.Name, Policies: []struct{}{}, Tier: p.Tier, Type: p.Type, Version: p.Version}
}

func describeParameters(c *call, in describeParametersInput) (any, error) {
	if len(in.Filters) > 0 && len(in.ParameterFilters) > 0 {
		return nil, invalidSSM("You can use either Filters or ParameterFilters in a single request.")
	}
	filters := in.ParameterFilters
	for _, f := range in.Filters {
		filters = append(filters, ssm.Filter{Key: f.Key, Option: "BeginsWith", Values: f.Values})
	}
	found, err := c.SSM.Describe(filters)
	if err != nil {
		return nil, err
	}
	if in.Shared {
		found = nil
	}
	found, next, err := parameterPage(found, in.NextToken, in.MaxResults, 50, parameterName)
	return struct {
		Parameters []parameterMetadata
		NextToken  string `json:",omitempty"`
	}{listOf(found, metadataOf), next}, err
}

func getParameterHistory(c *call, in parameterHistoryInput) (any, error) {
	all, err := c.SSM.History(c.Context(), c.caller, in.Name, in.WithDecryption)
	if err != nil {
		return nil, err
	}
	found, next, err := parameterPage(all, in.NextToken, in.MaxResults, 50, func(p ssm.Parameter) string { return fmt.Sprintf("%09d", p.Version) })
	if err != nil {
		return nil, err
	}
	out := struct {
		Parameters []parameterMetadata
		NextToken  string `json:",omitempty"`
	}{[]parameterMetadata{}, next}
	for _, p := range found {
		m := metadataOf(p)
		m.ARN, m.Labels, m.Value = "", p.Labels, p.Value
		out.Parameters = append(out.Parameters, m)
	}
	return out, nil
}

type parameterTagsInput struct {
	ResourceType string
	ResourceID   string `json:"ResourceId"`
	Tags         []tag
	TagKeys      []string
}

func taggedParameter(c *call, in parameterTagsInput) (target, error) {
	if in.ResourceType != "Parameter" {
		return target{}, cloud.Errorf(http.StatusBadRequest, "InvalidResourceType", "The resource type %s is not valid; the local cloud has only Parameter.", in.ResourceType)
	}
	t := c.parameter(in.ResourceID)
	t.context = requestTags(tagMap(in.Tags), in.TagKeys...)
	return t, nil
}

func addParameterTags(c *call, in parameterTagsInput) (any, error) {
	return struct{}{}, c.SSM.ChangeTags(in.ResourceID, tagMap(in.Tags), nil)
}

func removeParameterTags(c *call, in parameterTagsInput) (any, error) {
	return struct{}{}, c.SSM.ChangeTags(in.ResourceID, nil, in.TagKeys)
}

func listParameterTags(c *call, in parameterTagsInput) (any, error) {
	tags, err := c.SSM.Tags(in.ResourceID)
	return struct{ TagList []tag }{tagsOf(tags)}, err
}
