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
func sqsOperations() map[string]sqsOperation {
	return map[string]sqsOperation{
		"SendMessage":                  takes(sendMessage),
		"SendMessageBatch":             takes(sendMessageBatch),
		"ReceiveMessage":               takes(receiveMessage),
		"DeleteMessage":                takes(deleteMessage),
		"DeleteMessageBatch":           takes(deleteMessageBatch),
		"ChangeMessageVisibility":      takes(changeVisibility),
		"ChangeMessageVisibilityBatch": takes(changeVisibilityBatch),
		"PurgeQueue":                   takes(purgeQueue),
		"GetQueueUrl":                  takes(getQueueURL),
		"GetQueueAttributes":           takes(getQueueAttributes),
		"ListQueues":                   takes(listQueues),
		"ListQueueTags":                takes(listQueueTags),
		"ListDeadLetterSourceQueues":   takes(listSourceQueues),
	}
}

// queue finds a queue that the caller may do the action to: for the operations
// that the service does not authorize itself.
func (c *call) queue(url, action string) (sqs.Queue, error) {
	q, err := c.SQS.Queue(url)
	if err != nil {
		return q, err
	}
	return q, c.authorize("sqs:"+action, target{q.ARN, q.Policy})
}

type ofQueue struct {
	URL string `json:"QueueUrl"`
}

func purgeQueue(c *call, in ofQueue) (any, error) {
	return struct{}{}, c.SQS.Purge(c.Context(), c.caller, in.URL)
}

type queueURLInput struct {
	Name  string `json:"QueueName"`
	Owner string `json:"QueueOwnerAWSAccountId"`
}

func getQueueURL(c *call, in queueURLInput) (any, error) {
	if in.Name == "" {
		return nil, cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter QueueName.")
	}
	if in.Owner != "" && in.Owner != c.place.Account {
		return nil, cloud.Errorf(http.StatusBadRequest, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
	}
	q, err := c.queue(c.SQS.URL(in.Name), "GetQueueUrl")
	return struct {
		URL string `json:"QueueUrl" xml:"QueueUrl"`
	}{q.URL}, err
}

type queueAttributesInput struct {
	URL   string   `json:"QueueUrl"`
	Names []string `json:"AttributeNames" query:"AttributeName"`
}

func getQueueAttributes(c *call, in queueAttributesInput) (any, error) {
	q, err := c.queue(in.URL, "GetQueueAttributes")
	if err != nil {
		return nil, err
	}
	for _, name := range in.Names {
		if !slices.Contains(sqs.AttributeNames(), name) {
			return nil, cloud.Errorf(http.StatusBadRequest, "InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	all, err := c.SQS.Attributes(q.URL)
	return struct {
		Attributes pairs `json:",omitempty" xml:"Attribute"`
	}{selected(all, in.Names)}, err
}

// selected are the attributes that were asked for.
func selected(all map[string]string, names []string) pairs {
	var some pairs
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(names, "All") || slices.Contains(names, name) {
			some = append(some, pair{name, all[name]})
		}
	}
	return some
}

// pairs are an object in JSON, and elements with Name and Value in XML.
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

func listQueueTags(c *call, in ofQueue) (any, error) {
	q, err := c.queue(in.URL, "ListQueueTags")
	var tags tagList
	for _, key := range slices.Sorted(maps.Keys(q.Tags)) {
		tags = append(tags, pair{key, q.Tags[key]})
	}
	return struct {
		Tags tagList `json:",omitempty" xml:"Tag"`
	}{tags}, err
}

// tagList are pairs whose names are called Key.
type tagList []pair

func (t tagList) MarshalJSON() ([]byte, error) { return pairs(t).MarshalJSON() }

// MarshalXML writes the tags one after the other.
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
	if err := c.authorize("sqs:ListQueues", target{resource: c.place.ARN("sqs", "*").String()}); err != nil {
		return nil, err
	}
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
	q, err := c.queue(in.URL, "ListDeadLetterSourceQueues")
	if err != nil {
		return nil, err
	}
	urls, next, err := queuePage(c.SQS.Sources(q.ARN), in.Token, in.Max)
	return struct {
		URLs []string `json:"queueUrls" xml:"QueueUrl"` // AWS's own spelling
		Next string   `json:"NextToken,omitempty" xml:"NextToken,omitempty"`
	}{urls, next}, err
}

// queuePage gives the URLs of up to 1,000 queues.
func queuePage(all []sqs.Queue, token string, most *int) (urls []string, next string, err error) {
	const limit = 1000
	size := limit
	if most != nil {
		size = *most
	}
	if size < 1 || size > limit {
		return nil, "", invalidSQS("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and %d, if provided.", size, limit)
	}
	queues, next, ok := page(all, token, size, func(q sqs.Queue) string { return q.Name })
	if !ok {
		return nil, "", invalidSQS("Invalid or expired next token.")
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
