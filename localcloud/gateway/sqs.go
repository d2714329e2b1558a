package gateway

import (
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
func sqsOperations() operations {
	return operations{
		"SendMessage":                  authorizedByService("sqs:SendMessage", sendMessage),
		"SendMessageBatch":             authorizedByService("sqs:SendMessage", sendMessageBatch),
		"ReceiveMessage":               authorizedByService("sqs:ReceiveMessage", receiveMessage),
		"DeleteMessage":                authorizedByService("sqs:DeleteMessage", deleteMessage),
		"DeleteMessageBatch":           authorizedByService("sqs:DeleteMessage", deleteMessageBatch),
		"ChangeMessageVisibility":      authorizedByService("sqs:ChangeMessageVisibility", changeVisibility),
		"ChangeMessageVisibilityBatch": authorizedByService("sqs:ChangeMessageVisibility", changeVisibilityBatch),
		"PurgeQueue":                   authorizedByService("sqs:PurgeQueue", purgeQueue),
		"GetQueueUrl":                  authorized("sqs:GetQueueUrl", namedQueue, getQueueURL),
		"GetQueueAttributes":           authorized("sqs:GetQueueAttributes", theQueue, getQueueAttributes),
		"ListQueues":                   authorized("sqs:ListQueues", allQueues, listQueues),
		"ListQueueTags":                authorized("sqs:ListQueueTags", theQueue, listQueueTags),
		"ListDeadLetterSourceQueues":   authorized("sqs:ListDeadLetterSourceQueues", theQueue, listSourceQueues),
		"CreateQueue":                  authorized("sqs:CreateQueue", newQueue, createQueue),
		"DeleteQueue":                  authorized("sqs:DeleteQueue", theQueue, deleteQueue),
		"SetQueueAttributes":           authorized("sqs:SetQueueAttributes", theQueue, setQueueAttributes),
		"TagQueue":                     authorized("sqs:TagQueue", theQueue, tagQueue),
		"UntagQueue":                   authorized("sqs:UntagQueue", theQueue, untagQueue),
		"AddPermission":                authorized("sqs:AddPermission", theQueue, addQueuePermission),
		"RemovePermission":             authorized("sqs:RemovePermission", theQueue, removeQueuePermission),
		"StartMessageMoveTask":         authorized("sqs:StartMessageMoveTask", deadLetterQueue, startMove),
		"ListMessageMoveTasks":         authorized("sqs:ListMessageMoveTasks", deadLetterQueue, listMoves),
		"CancelMessageMoveTask":        authorized("sqs:CancelMessageMoveTask", deadLetterQueue, cancelMove),
	}
}

func allQueues(c *call, _ listQueuesInput) (target, error) {
	return target{resource: c.place.ARN("sqs", "*").String()}, nil
}

func theQueue[In interface{ queueURL() string }](c *call, in In) (target, error) {
	q, err := c.SQS.Queue(in.queueURL())
	return target{resource: q.ARN, policy: q.Policy}, err
}

func namedQueue(c *call, in queueURLInput) (target, error) {
	if in.Name == "" {
		return target{}, cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter QueueName.")
	}
	if in.Owner != "" && in.Owner != c.place.Account {
		return target{}, cloud.Errorf(http.StatusBadRequest, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
	}
	q, err := c.SQS.Queue(c.SQS.URL(in.Name))
	return target{resource: q.ARN, policy: q.Policy}, err
}

type queueInput struct {
	URL string `json:"QueueUrl"`
}

func (in queueInput) queueURL() string           { return in.URL }
func (in queueAttributesInput) queueURL() string { return in.URL }
func (in sourceQueuesInput) queueURL() string    { return in.URL }

func purgeQueue(c *call, in queueInput) (any, error) {
	return struct{}{}, c.SQS.Purge(c.Context(), c.caller, in.URL)
}

type queueURLInput struct {
	Name  string `json:"QueueName"`
	Owner string `json:"QueueOwnerAWSAccountId"`
}

func getQueueURL(c *call, in queueURLInput) (any, error) {
	return struct {
		URL string `json:"QueueUrl" xml:"QueueUrl"`
	}{c.SQS.URL(in.Name)}, nil
}

type queueAttributesInput struct {
	URL   string   `json:"QueueUrl"`
	Names []string `json:"AttributeNames" query:"AttributeName"`
}

func getQueueAttributes(c *call, in queueAttributesInput) (any, error) {
	for _, name := range in.Names {
		if !slices.Contains(sqs.AttributeNames(), name) {
			return nil, cloud.Errorf(http.StatusBadRequest, "InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	all, err := c.SQS.Attributes(in.URL)
	return struct {
		Attributes pairs `json:",omitempty" xml:"Attribute"`
	}{selected(all, in.Names)}, err
}

// selected returns the attributes that a request names.
func selected(all map[string]string, names []string) pairs {
	var some pairs
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(names, "All") || slices.Contains(names, name) {
			some = append(some, pair{name, all[name]})
		}
	}
	return some
}

// pairs is an object in JSON, and elements with Name and Value in XML.
type (
	pairs []pair
	pair  struct{ Name, Value string }
)

func (p pairs) MarshalJSON() ([]byte, error) {
	m := map[string]string{}
	for _, e := range p {
		m[e.Name] = e.Value
	}
	return json.Marshal(m)
}

func listQueueTags(c *call, in queueInput) (any, error) {
	q, err := c.SQS.Queue(in.URL)
	var tags tagList
	for _, key := range slices.Sorted(maps.Keys(q.Tags)) {
		tags = append(tags, pair{key, q.Tags[key]})
	}
	return struct {
		Tags tagList `json:",omitempty" xml:"Tag"`
	}{tags}, err
}

// A tagList is pairs whose XML elements have Key in place of Name.
type tagList []pair

func (t tagList) MarshalJSON() ([]byte, error) { return pairs(t).MarshalJSON() }

// MarshalXML writes the tags one after another, without an enclosing element.
func (t tagList) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	for _, p := range t {
		if err := e.EncodeElement(struct{ Key, Value string }{p.Name, p.Value}, start); err != nil {
			return err
		}
	}
	return nil
}

type listQueuesInput struct {
	Prefix string `json:"QueueNamePrefix"`
	Max    *int   `json:"MaxResults"`
	Token  string `json:"NextToken"`
}

func listQueues(c *call, in listQueuesInput) (any, error) {
	other := func(q sqs.Queue) bool { return !strings.HasPrefix(q.Name, in.Prefix) }
	urls, next, err := queuePage(slices.DeleteFunc(c.SQS.Queues(), other), in.Token, in.Max)
	return struct {
		URLs []string `json:"QueueUrls,omitempty" xml:"QueueUrl"`
		Next string   `json:"NextToken,omitempty" xml:"NextToken,omitempty"`
	}{urls, next}, err
}

type sourceQueuesInput struct {
	URL   string `json:"QueueUrl"`
	Max   *int   `json:"MaxResults"`
	Token string `json:"NextToken"`
}

func listSourceQueues(c *call, in sourceQueuesInput) (any, error) {
	q, err := c.SQS.Queue(in.URL)
	if err != nil {
		return nil, err
	}
	urls, next, err := queuePage(c.SQS.Sources(q.ARN), in.Token, in.Max)
	return struct {
		URLs []string `json:"queueUrls" xml:"QueueUrl"` // AWS's own spelling
		Next string   `json:"NextToken,omitempty" xml:"NextToken,omitempty"`
	}{urls, next}, err
}

// queuePage returns a page of at most 1,000 queue URLs. As on AWS, only a request
// with MaxResults receives the token of the next page.
func queuePage(all []sqs.Queue, token string, maxResults *int) (urls []string, next string, err error) {
	const limit = 1000
	size := limit
	if maxResults != nil {
		size = *maxResults
	}
	if size < 1 || size > limit {
		return nil, "", invalidSQS("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and %d, if provided.", size, limit)
	}
	queues, next, ok := page(all, token, size, func(q sqs.Queue) string { return q.Name })
	if !ok {
		return nil, "", invalidSQS("Invalid or expired next token.")
	}
	if maxResults == nil {
		next = ""
	}
	urls = []string{}
	for _, q := range queues {
		urls = append(urls, q.URL)
	}
	return urls, next, nil
}

func invalidSQS(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameterValue", format, args...)
}
