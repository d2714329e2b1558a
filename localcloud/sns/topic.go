package sns

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// Topic is a standard topic.
type Topic struct {
	Name        string // 1 to 256 of letters, digits, - and _
	ARN         string
	DisplayName string // at most 100 characters
	// Policy is the topic's policy document, as JSON. An empty one becomes the
	// policy that AWS gives a topic: see defaultPolicy.
	Policy string
	Tags   map[string]string
	// Feedback is the delivery status logging, by protocol.
	Feedback map[string]Feedback
	// SignatureVersion is what the messages say of their signature: 1 or 2; 0
	// stands for 1.
	SignatureVersion int

	// What follows is kept, and changes nothing here.

	KMSMasterKeyID string // ID, ARN or alias of a key; "" for no encryption
	TracingConfig  string // "Active" or "PassThrough"; "" stands for that
	DeliveryPolicy string // of HTTP deliveries, as JSON; "" for AWS's
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// CreateTopic adds a topic; its ARN is set here. It fails with
// InvalidParameter, also where the name is taken: AWS would return the
// existing topic, and two stacks would share it without knowing.
//
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
func (s *Service) CreateTopic(t Topic) (Topic, error) {
	if strings.HasSuffix(t.Name, ".fifo") {
		return Topic{}, invalid("Topic Name Reason: FIFO topics are not emulated, and %s would be one; use a standard topic", t.Name)
	}
	if !topicName.MatchString(t.Name) {
		return Topic{}, invalid("Topic Name")
	}
	t.ARN = s.Place.ARN("sns", t.Name).String()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.topics.Get(t.ARN); ok {
		return Topic{}, invalid("Topic Name Reason: topic %s already exists; delete it or choose another name", t.ARN)
	}
	return s.putTopic(t)
}

// UpdateTopic replaces what is known of the topic with that ARN.
func (s *Service) UpdateTopic(t Topic) (Topic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.Topic(t.ARN)
	if err != nil {
		return Topic{}, err
	}
	t.Name = old.Name
	return s.putTopic(t)
}

// SetPolicy replaces the topic's policy alone; "" brings back the one that AWS
// gives a topic.
func (s *Service) SetPolicy(arn, policy string) (Topic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.Topic(arn)
	if err != nil {
		return Topic{}, err
	}
	t.Policy = policy
	return s.putTopic(t)
}

func (s *Service) putTopic(t Topic) (Topic, error) {
	if t.Policy == "" {
		t.Policy = defaultPolicy(t.ARN, s.Place.Account)
	}
	if err := t.check(); err != nil {
		return Topic{}, err
	}
	return t, s.topics.Put(t.ARN, t)
}

func (t Topic) check() error {
	switch {
	case utf8.RuneCountInString(t.DisplayName) > 100:
		return invalid("Attributes Reason: Display name must be less than or equal to 100 characters")
	case !json.Valid([]byte(t.Policy)):
		return invalid("Attributes Reason: Policy: failed to parse JSON.")
	case t.DeliveryPolicy != "" && !json.Valid([]byte(t.DeliveryPolicy)):
		return invalid("Attributes Reason: DeliveryPolicy: failed to parse JSON.")
	case t.SignatureVersion < 0 || t.SignatureVersion > 2:
		return invalid("Attributes Reason: SignatureVersion: Invalid value [%d]. Must be 1 or 2.", t.SignatureVersion)
	case t.TracingConfig != "" && t.TracingConfig != "Active" && t.TracingConfig != "PassThrough":
		return invalid("Attributes Reason: TracingConfig: Invalid value [%s]. Must be Active or PassThrough.", t.TracingConfig)
	}
	for _, protocol := range slices.Sorted(maps.Keys(t.Feedback)) {
		if err := t.Feedback[protocol].check(protocol); err != nil {
			return err
		}
	}
	return nil
}

// Topic fails with InvalidParameter where arn is none, and with NotFound.
func (s *Service) Topic(arn string) (Topic, error) {
	if err := s.checkTopicARN(arn); err != nil {
		return Topic{}, err
	}
	t, ok := s.topics.Get(arn)
	if !ok {
		return Topic{}, notFound("Topic")
	}
	return t, nil
}

func (s *Service) checkTopicARN(arn string) error {
	parsed, err := cloud.ParseARN(arn)
	if err != nil {
		return invalid("TopicArn Reason: %v", err)
	}
	if parsed.Service != "sns" || parsed.Region != s.Place.Region {
		return invalid("TopicArn")
	}
	return nil
}

// DeleteTopic removes a topic with its subscriptions; one that does not exist
// is no error, as on AWS.
func (s *Service) DeleteTopic(arn string) error {
	if err := s.checkTopicARN(arn); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subscribers(arn) {
		if err := s.subscriptions.Delete(sub.ARN); err != nil {
			return err
		}
	}
	return s.topics.Delete(arn)
}

// Topics returns all topics, by ARN.
func (s *Service) Topics() []Topic { return s.topics.All() }

// HasDefaultPolicy tells whether the topic's policy is the one that AWS gives.
func (s *Service) HasDefaultPolicy(t Topic) bool {
	return t.Policy == defaultPolicy(t.ARN, s.Place.Account)
}

// defaultPolicy is the policy of a topic that was created without one. It lets
// AWS services publish that act for the owner's own resources. It lets no user
// or role in: those carry no aws:SourceOwner, and need a policy of their own.
func defaultPolicy(arn, account string) string {
	policy, _ := json.Marshal(map[string]any{ // strings alone always marshal
		"Version": "2008-10-17",
		"Id":      "__default_policy_ID",
		"Statement": []any{map[string]any{
			"Sid":       "__default_statement_ID",
			"Effect":    "Allow",
			"Principal": map[string]string{"AWS": "*"},
			"Action": []string{
				"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
				"SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish",
			},
			"Resource":  arn,
			"Condition": map[string]any{"StringEquals": map[string]string{"AWS:SourceOwner": account}},
		}},
	})
	return string(policy)
}
