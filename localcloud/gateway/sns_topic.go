package gateway

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

// serveCertificate serves the certificate to which SigningCertURL in messages refers.
func (g *gateway) serveCertificate(w http.ResponseWriter, r *http.Request) {
	err := cloud.CheckProgram(r)
	var certificate []byte
	if err == nil {
		certificate, err = g.SNS.Certificate(r.URL.Path)
	}
	if err != nil {
		status := http.StatusInternalServerError
		if e, ok := errors.AsType[*cloud.Error](err); ok {
			status = e.HTTPStatus()
		}
		http.Error(w, err.Error(), status)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	cloud.WriteBody(w, certificate)
}

// topicTags returns tags by key. It fails if a key is given twice.
func topicTags(tags []tag) (map[string]string, error) {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		if _, ok := m[t.Key]; ok {
			return nil, invalidParameter("Duplicated keys are not allowed.")
		}
		m[t.Key] = t.Value
	}
	return m, nil
}

// topicAttribute is an attribute of a topic or subscription in a request.
type topicAttribute struct {
	Name  string `query:"key"`
	Value string `query:"value"`
}

func attributesByName(list []topicAttribute) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		m[a.Name] = a.Value
	}
	return m
}

type createTopicInput struct {
	Name       string
	Attributes []topicAttribute `query:"Attributes.entry"`
	Tags       []tag            `query:"Tags.member"`
}

func (in createTopicInput) conditionKeys() map[string][]string {
	tags, _ := topicTags(in.Tags) // createTopic refuses duplicates
	return requestTags(tags)
}

func newTopic(c *call, in createTopicInput) (target, error) {
	return target{resource: c.place.ARN("sns", in.Name).String()}, nil
}

func createTopic(c *call, in createTopicInput) (any, error) {
	tags, err := topicTags(in.Tags)
	if err != nil {
		return nil, err
	}
	on, _ := newTopic(c, in) // never fails
	if err := c.tagNew("SNS:TagResource", on.resource, tags); err != nil {
		return nil, err
	}
	set := attributesByName(in.Attributes)
	if err := c.passFeedbackRoles(set); err != nil {
		return nil, err
	}
	t, err := c.SNS.EnsureTopic(in.Name, set, tags)
	return struct {
		TopicARN string `xml:"TopicArn"`
	}{t.ARN}, err
}

// passFeedbackRoles checks that the caller may pass to SNS the roles in the attributes,
// with which SNS logs the status of deliveries.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func (c *call) passFeedbackRoles(set map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if role := set[name]; strings.HasSuffix(name, "FeedbackRoleArn") && role != "" {
			if err := c.passRole(role, "sns.amazonaws.com"); err != nil {
				return err
			}
		}
	}
	return nil
}

func deleteTopic(c *call, in topicInput) (any, error) {
	return struct{}{}, c.SNS.DeleteTopic(in.TopicARN)
}

type setTopicInput struct {
	TopicARN string `query:"TopicArn"`
	Name     string `query:"AttributeName"`
	Value    string `query:"AttributeValue"`
}

func (in setTopicInput) topic() string { return in.TopicARN }

func setTopicAttributes(c *call, in setTopicInput) (any, error) {
	if in.Name == "Policy" && in.Value == "" {
		return nil, invalidParameter("Policy is empty")
	}
	if err := c.passFeedbackRoles(map[string]string{in.Name: in.Value}); err != nil {
		return nil, err
	}
	_, err := c.SNS.ChangeTopic(in.TopicARN, func(t *sns.Topic) error { return t.Set(in.Name, in.Value) })
	return struct{}{}, err
}

type (
	topicPermissionInput struct {
		TopicARN string `query:"TopicArn"`
		Label    string
		Accounts []string `query:"AWSAccountId.member"`
		Actions  []string `query:"ActionName.member"`
	}
	topicLabelInput struct {
		TopicARN string `query:"TopicArn"`
		Label    string
	}
)

func (in topicPermissionInput) topic() string { return in.TopicARN }
func (in topicLabelInput) topic() string      { return in.TopicARN }

// https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html
func addTopicPermission(c *call, in topicPermissionInput) (any, error) {
	switch {
	case in.Label == "":
		return nil, invalidParameter("Label Reason: no value for required parameter")
	case len(in.Accounts) == 0:
		return nil, invalidParameter("AWSAccountId Reason: no value for required parameter")
	case len(in.Actions) == 0:
		return nil, invalidParameter("ActionName Reason: no value for required parameter")
	}
	_, err := c.SNS.ChangeTopic(in.TopicARN, func(t *sns.Topic) (err error) {
		if cloud.HasStatement(t.Policy, in.Label) {
			return invalidParameter("Statement already exists")
		}
		t.Policy, err = cloud.AddStatement(t.Policy, cloud.Grant{Sid: in.Label, Accounts: in.Accounts, Prefix: "SNS:", Actions: in.Actions, Resource: t.ARN})
		return err
	})
	return struct{}{}, err
}

// https://docs.aws.amazon.com/sns/latest/api/API_RemovePermission.html
func removeTopicPermission(c *call, in topicLabelInput) (any, error) {
	_, err := c.SNS.ChangeTopic(in.TopicARN, func(t *sns.Topic) (err error) {
		t.Policy, err = cloud.RemoveStatement(t.Policy, in.Label)
		return err
	})
	return struct{}{}, err
}

type (
	tagTopicInput struct {
		ARN  string `query:"ResourceArn"`
		Tags []tag  `query:"Tags.member"`
	}
	untagTopicInput struct {
		ARN  string   `query:"ResourceArn"`
		Keys []string `query:"TagKeys.member"`
	}
	topicTagsInput struct {
		ARN string `query:"ResourceArn"`
	}
)

func (in tagTopicInput) topic() string   { return in.ARN }
func (in untagTopicInput) topic() string { return in.ARN }
func (in topicTagsInput) topic() string  { return in.ARN }

func (in tagTopicInput) conditionKeys() map[string][]string {
	tags, _ := topicTags(in.Tags) // tagTopic refuses duplicates
	return requestTags(tags)
}

func (in untagTopicInput) conditionKeys() map[string][]string {
	return requestTags(nil, in.Keys...)
}

func tagTopic(c *call, in tagTopicInput) (any, error) {
	tags, err := topicTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return c.changeTags(in.ARN, tags, nil)
}

func untagTopic(c *call, in untagTopicInput) (any, error) {
	return c.changeTags(in.ARN, nil, in.Keys)
}

func (c *call) changeTags(topicARN string, add map[string]string, remove []string) (any, error) {
	_, err := c.SNS.ChangeTopic(topicARN, func(t *sns.Topic) error {
		if t.Tags = cloud.Retagged(t.Tags, add, remove); len(t.Tags) > 50 {
			return cloud.Errorf(http.StatusBadRequest, "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
		}
		return nil
	})
	return struct{}{}, missingResource(err)
}

func listTopicTags(c *call, in topicTagsInput) (any, error) {
	t, err := c.SNS.Topic(in.ARN)
	return struct{ Tags members[tag] }{members[tag]{tagsOf(t.Tags)}}, missingResource(err)
}

// missingResource returns the error of the operations on tags for a topic that does not exist.
func missingResource(err error) error {
	if cloud.ErrorCode(err) == "NotFound" {
		return cloud.Errorf(http.StatusNotFound, "ResourceNotFound", "Resource does not exist")
	}
	return err
}
