package sns

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"tally/localcloud/cloud"
)

// Topic is a standard topic.
type Topic struct {
	Name        string // see CheckTopicName
	ARN         string
	DisplayName string // at most 100 characters
	// Policy is the topic's policy document, as JSON; "" means AWS's default policy
	// (see defaultPolicy).
	Policy string
	Tags   map[string]string
	// Feedback configures the logging of delivery status, by protocol.
	Feedback map[string]Feedback
	// SignatureVersion is the version of message signatures, 1 or 2; 0 means 1.
	SignatureVersion int
	KMSMasterKeyID   string // ID, ARN or alias of a key; "" for no encryption
	TracingConfig    string // "Active" or "PassThrough", the default
	DeliveryPolicy   string // of HTTP deliveries, as JSON; "" for the default of AWS
}

// CreateTopic adds a topic and sets its ARN. It fails with InvalidParameter.
// Unlike AWS, which would return the existing topic, it also fails if the name is
// taken. Otherwise two stacks could share a topic without noticing.
//
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
func (s *Service) CreateTopic(t Topic) (Topic, error) {
	if err := CheckTopicName(t.Name); err != nil {
		return Topic{}, err
	}
	t.ARN = s.Place.ARN("sns", t.Name).String()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.topics.Get(t.ARN); ok {
		return Topic{}, invalid("Topic Name Reason: topic %s already exists; choose another name, or import it", t.ARN)
	}
	return s.putTopic(t, "")
}

// UpdateTopic replaces everything but the name of the topic with that ARN.
func (s *Service) UpdateTopic(t Topic) (Topic, error) {
	return s.ChangeTopic(t.ARN, func(old *Topic) error { *old = t; return nil })
}

// SetPolicy replaces the topic's policy; "" restores the default policy.
func (s *Service) SetPolicy(arn, policy string) (Topic, error) {
	return s.ChangeTopic(arn, func(t *Topic) error { t.Policy = policy; return nil })
}

// putTopic stores a topic. old is its previous policy, or "" if it is new. A policy that
// does not change may name principals that have been deleted since: AWS replaced them
// with their unique IDs when the policy was set.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles
func (s *Service) putTopic(t Topic, old string) (Topic, error) {
	if t.Policy == "" {
		t.Policy = defaultPolicy(t.ARN, s.Place.Account)
	}
	err := cmp.Or(t.check(), CheckPolicyResources(t.ARN, t.Policy))
	if err == nil && t.Policy != old {
		err = RewordPolicyError(cloud.CheckResourcePolicy(s.Authorizer, t.Policy))
	}
	if err != nil {
		return Topic{}, err
	}
	return t, s.topics.Put(t.ARN, t)
}

// check checks the attributes. Those that are not set have valid defaults.
func (t Topic) check() error {
	err := cmp.Or(
		CheckDisplayName(t.DisplayName),
		CheckPolicy(t.Policy),
		CheckKMSMasterKeyID(t.KMSMasterKeyID),
		cloud.CheckOptional(t.DeliveryPolicy, CheckDeliveryPolicy),
		cloud.CheckOptional(t.TracingConfig, CheckTracingConfig),
		cloud.CheckOptional(t.SignatureVersion, CheckSignatureVersion),
		CheckTags(t.Tags),
	)
	for _, protocol := range slices.Sorted(maps.Keys(t.Feedback)) {
		err = cmp.Or(err, t.Feedback[protocol].check())
	}
	return err
}

// Topic returns the topic with that ARN. It fails with InvalidParameter if arn is
// not the ARN of a topic in this region, and with NotFound.
func (s *Service) Topic(arn string) (Topic, error) {
	if err := CheckTopicARN(s.Place, arn); err != nil {
		return Topic{}, err
	}
	t, ok := s.topics.Get(arn)
	if !ok {
		return Topic{}, notFound("Topic")
	}
	return t, nil
}

// DeleteTopic removes a topic with its subscriptions. As on AWS, it is not an error
// if there is none.
func (s *Service) DeleteTopic(arn string) error {
	if err := CheckTopicARN(s.Place, arn); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subscribers(arn) {
		if err := s.removeSubscription(sub.ARN); err != nil {
			return err
		}
	}
	return s.topics.Delete(arn)
}

// Topics returns all topics, ordered by ARN.
func (s *Service) Topics() []Topic { return s.topics.All() }

// HasDefaultPolicy reports whether the topic has the default policy.
func (s *Service) HasDefaultPolicy(t Topic) bool {
	return t.Policy == defaultPolicy(t.ARN, s.Place.Account)
}

// defaultPolicy returns the policy of a topic that was created without one, as on
// AWS. It allows AWS services to publish on behalf of the owner's own resources,
// but allows no user or role anything: their requests carry no aws:SourceOwner, so
// they need identity policies.
func defaultPolicy(arn, account string) string {
	policy, _ := json.Marshal(map[string]any{ // strings always marshal
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
