package sqs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// redrivePolicy says where messages go that were received too often.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
type redrivePolicy struct {
	Target string `json:"deadLetterTargetArn"`
	Max    count  `json:"maxReceiveCount"`
}

// count is a whole number, which policies also write as a string.
type count int

func (c *count) UnmarshalJSON(raw []byte) error {
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		raw = []byte(quoted)
	}
	n, err := strconv.Atoi(string(raw))
	*c = count(n)
	return err
}

// redriveAllowPolicy says whose messages a dead-letter queue takes.
type redriveAllowPolicy struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

// parseRedrive is false where there is no policy.
func parseRedrive(document string) (p redrivePolicy, ok bool, err error) {
	if document == "" {
		return p, false, nil
	}
	if err := json.Unmarshal([]byte(document), &p); err != nil || p.Target == "" {
		return p, false, redriveError(document, "RedrivePolicy", "It must be a JSON object with deadLetterTargetArn and maxReceiveCount.")
	}
	if p.Max < 1 || p.Max > 1000 {
		return p, false, redriveError(document, "RedrivePolicy", "Invalid value for maxReceiveCount: %d, valid values are from 1 to 1000 both inclusive.", p.Max)
	}
	return p, true, nil
}

func parseRedriveAllow(document string) (redriveAllowPolicy, error) {
	p := redriveAllowPolicy{Permission: "allowAll"}
	if document == "" {
		return p, nil
	}
	p.Permission = ""
	fail := func(reason string) (redriveAllowPolicy, error) {
		return p, redriveError(document, "RedriveAllowPolicy", "%s", reason)
	}
	switch err := json.Unmarshal([]byte(document), &p); {
	case err != nil || !slices.Contains([]string{"allowAll", "denyAll", "byQueue"}, p.Permission):
		return fail("It must be a JSON object whose redrivePermission is allowAll, denyAll or byQueue.")
	case (p.Permission == "byQueue") != (len(p.Sources) > 0):
		return fail("sourceQueueArns is required with the redrivePermission byQueue, and allowed with no other.")
	case len(p.Sources) > 10:
		return fail("sourceQueueArns takes at most 10 queues.")
	}
	return p, nil
}

// admits tells whether the queue takes messages that source gives up.
func (q Queue) admits(source string) bool {
	p, err := parseRedriveAllow(q.RedriveAllowPolicy)
	return err == nil && (p.Permission == "allowAll" || slices.Contains(p.Sources, source))
}

func (s *Service) checkRedrive(q Queue) error {
	if _, err := parseRedriveAllow(q.RedriveAllowPolicy); err != nil {
		return err
	}
	p, ok, err := parseRedrive(q.RedrivePolicy)
	if !ok {
		return err
	}
	dead, exists := s.byARN(p.Target)
	if p.Target == q.ARN {
		dead, exists = q, true // which its own policy may keep out
	}
	switch {
	case !exists:
		return redriveError(q.RedrivePolicy, "RedrivePolicy", "Dead letter target does not exist.")
	case !dead.admits(q.ARN):
		return redriveError(q.RedrivePolicy, "RedrivePolicy", "The RedriveAllowPolicy of %s does not admit %s.", p.Target, q.ARN)
	}
	return nil
}

// redriveError keeps the document out of the format of the reason.
func redriveError(document, parameter, reason string, args ...any) error {
	return invalid(document, parameter, "%s", fmt.Sprintf(reason, args...))
}

// Sources are the queues whose dead-letter queue is the one with that ARN, by
// name.
func (s *Service) Sources(arn string) []Queue {
	return slices.DeleteFunc(s.Queues(), func(q Queue) bool {
		p, ok, _ := parseRedrive(q.RedrivePolicy)
		return !ok || p.Target != arn
	})
}

// deadLetterQueue is where messages of q go, and after how many receives; false
// where they stay: there is none, or it was deleted, or admits q no longer.
func (s *Service) deadLetterQueue(q Queue) (to Queue, after int, ok bool) {
	p, ok, _ := parseRedrive(q.RedrivePolicy) // checked when it was set
	if !ok {
		return Queue{}, 0, false
	}
	to, ok = s.byARN(p.Target)
	return to, int(p.Max), ok && to.Name != q.Name && to.admits(q.ARN)
}

// CheckRedrivePolicy refuses a redrive policy that no queue can have.
func CheckRedrivePolicy(document string) error {
	_, _, err := parseRedrive(document)
	return err
}

// CheckRedriveAllowPolicy refuses a redrive-allow policy that no queue can have.
func CheckRedriveAllowPolicy(document string) error {
	_, err := parseRedriveAllow(document)
	return err
}
