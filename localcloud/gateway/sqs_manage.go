package gateway

import (
	"net/http"
	"regexp"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

type createQueueInput struct {
	Name       string            `json:"QueueName"`
	Attributes map[string]string `query:"Attribute"`
	Tags       tagsByKey         `json:"tags" query:"Tag"` // AWS's own spelling
}

func (in createQueueInput) conditionKeys() map[string][]string { return requestTags(in.Tags) }

func newQueue(c *call, in createQueueInput) (target, error) {
	if in.Name == "" {
		return target{}, cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter QueueName.")
	}
	return target{resource: c.place.ARN("sqs", in.Name).String()}, nil
}

func createQueue(c *call, in createQueueInput) (any, error) {
	on, err := newQueue(c, in)
	if err == nil {
		err = c.tagNew("sqs:TagQueue", on.resource, in.Tags)
	}
	if err != nil {
		return nil, err
	}
	q, err := c.SQS.EnsureQueue(in.Name, in.Attributes, in.Tags)
	return struct {
		URL string `json:"QueueUrl" xml:"QueueUrl"`
	}{q.URL}, err
}

func deleteQueue(c *call, in queueInput) (any, error) {
	return struct{}{}, c.SQS.DeleteQueue(in.URL)
}

type setQueueInput struct {
	URL        string            `json:"QueueUrl"`
	Attributes map[string]string `query:"Attribute"`
}

func (in setQueueInput) queueURL() string { return in.URL }

func setQueueAttributes(c *call, in setQueueInput) (any, error) {
	if len(in.Attributes) == 0 {
		return nil, cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter Attribute.Name.")
	}
	return struct{}{}, c.SQS.SetAttributes(in.URL, in.Attributes)
}

type (
	tagQueueInput struct {
		URL  string    `json:"QueueUrl"`
		Tags tagsByKey `query:"Tag"`
	}
	untagQueueInput struct {
		URL  string   `json:"QueueUrl"`
		Keys []string `json:"TagKeys" query:"TagKey"`
	}
)

func (in tagQueueInput) queueURL() string   { return in.URL }
func (in untagQueueInput) queueURL() string { return in.URL }

func (in tagQueueInput) conditionKeys() map[string][]string { return requestTags(in.Tags) }

func (in untagQueueInput) conditionKeys() map[string][]string {
	return requestTags(nil, in.Keys...)
}

func tagQueue(c *call, in tagQueueInput) (any, error) {
	return c.changeQueueTags(in.URL, in.Tags, nil)
}

func untagQueue(c *call, in untagQueueInput) (any, error) {
	return c.changeQueueTags(in.URL, nil, in.Keys)
}

func (c *call) changeQueueTags(url string, add map[string]string, remove []string) (any, error) {
	_, err := c.SQS.UpdateQueue(url, func(q *sqs.Queue) error {
		q.Tags = cloud.Retagged(q.Tags, add, remove)
		return nil
	})
	return struct{}{}, err
}

type (
	queuePermissionInput struct {
		URL      string   `json:"QueueUrl"`
		Label    string   `json:"Label"`
		Accounts []string `json:"AWSAccountIds" query:"AWSAccountId"`
		Actions  []string `json:"Actions" query:"ActionName"`
	}
	queueLabelInput struct {
		URL   string `json:"QueueUrl"`
		Label string `json:"Label"`
	}
)

func (in queuePermissionInput) queueURL() string { return in.URL }
func (in queueLabelInput) queueURL() string      { return in.URL }

var (
	permissionLabel = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	accountID       = regexp.MustCompile(`^[0-9]{12}$`)
)

// sharedActions are the actions that AddPermission accepts.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
var sharedActions = []string{
	"*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue",
	"ReceiveMessage", "SendMessage",
}

func (in queuePermissionInput) check() error {
	switch {
	case !permissionLabel.MatchString(in.Label):
		return invalidSQS("Value %s for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.", in.Label)
	case len(in.Accounts) == 0:
		return cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter PrincipalId.")
	case len(in.Actions) == 0:
		return cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter Actions.")
	}
	for _, account := range in.Accounts {
		if !accountID.MatchString(account) {
			return invalidSQS("Value %v for parameter PrincipalId is invalid. Reason: Unable to verify.", in.Accounts)
		}
	}
	for _, action := range in.Actions {
		if !slices.Contains(sharedActions, action) {
			return invalidSQS("Value SQS:%s for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.", action)
		}
	}
	return nil
}

func addQueuePermission(c *call, in queuePermissionInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	return c.changeQueuePolicy(in.URL, func(q sqs.Queue) (string, error) {
		if cloud.HasStatement(q.Policy, in.Label) {
			return "", invalidSQS("Value %s for parameter Label is invalid. Reason: Already exists.", in.Label)
		}
		return cloud.AddStatement(q.Policy, cloud.Grant{Sid: in.Label, Accounts: in.Accounts, Prefix: "SQS:", Actions: in.Actions, Resource: q.ARN})
	})
}

func removeQueuePermission(c *call, in queueLabelInput) (any, error) {
	return c.changeQueuePolicy(in.URL, func(q sqs.Queue) (string, error) {
		if !cloud.HasStatement(q.Policy, in.Label) {
			return "", invalidSQS("Value %s for parameter Label is invalid. Reason: can't find label on existing policy.", in.Label)
		}
		policy, err := cloud.RemoveStatement(q.Policy, in.Label)
		if len(cloud.PolicyStatements(policy)) == 0 {
			policy = "" // a policy without statements is none
		}
		return policy, err
	})
}

func (c *call) changeQueuePolicy(url string, change func(sqs.Queue) (string, error)) (any, error) {
	_, err := c.SQS.UpdateQueue(url, func(q *sqs.Queue) (err error) {
		q.Policy, err = change(*q)
		return err
	})
	return struct{}{}, err
}
