package sqs

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

// Queue is a standard queue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
type Queue struct {
	Name string // 1 to 80 of letters, digits, - and _
	ARN  string
	URL  string `json:"-"` // "http://127.0.0.1:4566/000000000000/name"

	VisibilityTimeoutSeconds int // 0 to 43,200; 0 hides a received message not at all
	RetentionSeconds         int // 60 to 1,209,600; 0 becomes 345,600, four days
	DelaySeconds             int // 0 to 900
	MaxMessageBytes          int // 1,024 to 1,048,576; 0 becomes that
	ReceiveWaitSeconds       int // 0 to 20

	Policy             string // as JSON; "" for none
	RedrivePolicy      string // {"deadLetterTargetArn":…,"maxReceiveCount":1 to 1000}; "" for none
	RedriveAllowPolicy string // {"redrivePermission":…,"sourceQueueArns":[…]}; "" admits all

	// Encryption changes nothing here.
	SSE             bool   // by a key of SQS
	KMSMasterKeyID  string // by a key of KMS; "" for none
	KMSReuseSeconds int    // 60 to 86,400; 0 becomes 300

	Tags              map[string]string
	Created, Modified time.Time
}

// maxMessage is the size of a message, or of all messages of a batch, in bytes,
// with the names, types and values of its attributes.
const maxMessage = 1 << 20

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// CreateQueue adds a queue; its ARN, URL and times are set here. It fails with
// QueueAlreadyExists where the name is taken, also by a queue that is the same:
// AWS would return that one, and two stacks would share it without knowing.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func (s *Service) CreateQueue(q Queue) (Queue, error) {
	if strings.HasSuffix(q.Name, ".fifo") {
		return Queue{}, refusal("InvalidParameterValue", "FIFO queues are not emulated, and %s would be one; use a standard queue", q.Name)
	}
	if !queueName.MatchString(q.Name) {
		return Queue{}, refusal("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.backlogs[q.Name] != nil {
		return Queue{}, refusal("QueueAlreadyExists", "A queue named %s already exists; delete it or choose another name", q.Name)
	}
	q.ARN = s.place.ARN("sqs", q.Name).String()
	q.Created = time.Now().UTC().Truncate(time.Second)
	q, err := s.putQueue(q)
	if err == nil {
		s.backlogs[q.Name] = &backlog{changed: make(chan struct{})}
	}
	return q, err
}

// UpdateQueue lets change alter what is known of the queue, but for its name:
// at once, so that those who change different parts do not undo each other.
func (s *Service) UpdateQueue(url string, change func(*Queue)) (Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.Queue(url)
	if err != nil {
		return Queue{}, err
	}
	name, arn, created := q.Name, q.ARN, q.Created
	change(&q)
	q.Name, q.ARN, q.Created = name, arn, created
	return s.putQueue(q)
}

func (s *Service) putQueue(q Queue) (Queue, error) {
	fill(&q.RetentionSeconds, 4*24*60*60)
	fill(&q.MaxMessageBytes, maxMessage)
	fill(&q.KMSReuseSeconds, 300)
	for _, limit := range []struct {
		attribute       string
		value, min, max int
	}{
		{"VisibilityTimeout", q.VisibilityTimeoutSeconds, 0, maxVisibility},
		{"MessageRetentionPeriod", q.RetentionSeconds, 60, 14 * 24 * 60 * 60},
		{"DelaySeconds", q.DelaySeconds, 0, maxDelay},
		{"MaximumMessageSize", q.MaxMessageBytes, 1024, maxMessage},
		{"ReceiveMessageWaitTimeSeconds", q.ReceiveWaitSeconds, 0, maxWait},
		{"KmsDataKeyReusePeriodSeconds", q.KMSReuseSeconds, 60, 24 * 60 * 60},
	} {
		if limit.value < limit.min || limit.value > limit.max {
			return Queue{}, invalidAttribute(limit.attribute, "Must be from %d to %d, not %d.", limit.min, limit.max, limit.value)
		}
	}
	if q.Policy != "" && !json.Valid([]byte(q.Policy)) {
		return Queue{}, invalidAttribute("Policy", "It is not valid JSON.")
	}
	if q.SSE && q.KMSMasterKeyID != "" {
		return Queue{}, invalidAttribute("KmsMasterKeyId", "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	}
	if err := s.checkRedrive(q); err != nil {
		return Queue{}, err
	}
	q.Modified = time.Now().UTC().Truncate(time.Second)
	return s.withURL(q), s.queues.Put(q.Name, q)
}

func fill(value *int, with int) {
	if *value == 0 {
		*value = with
	}
}

func invalidAttribute(name, reason string, args ...any) error {
	e := refusal("InvalidAttributeValue", reason, args...)
	e.Message = "Invalid value for the parameter " + name + ". Reason: " + e.Message
	return e
}

// Queue finds a queue by its URL, whatever its host. It fails with
// AWS.SimpleQueueService.NonExistentQueue, and with InvalidAddress.
func (s *Service) Queue(url string) (Queue, error) {
	name, err := s.nameIn(url)
	if err != nil {
		return Queue{}, err
	}
	q, ok := s.queues.Get(name)
	if !ok {
		return Queue{}, nonExistent()
	}
	return s.withURL(q), nil
}

// byARN finds a queue of this place.
func (s *Service) byARN(arn string) (Queue, bool) {
	q, ok := s.queues.Get(arn[strings.LastIndex(arn, ":")+1:])
	return s.withURL(q), ok && q.ARN == arn
}

// URL is that of the queue with that name, which need not exist.
func (s *Service) URL(name string) string { return s.endpoint() + "/" + s.place.Account + "/" + name }

func (s *Service) withURL(q Queue) Queue {
	q.URL = s.URL(q.Name)
	return q
}

// DeleteQueue removes a queue with its messages. It fails as Queue does.
func (s *Service) DeleteQueue(url string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.Queue(url)
	if err != nil {
		return err
	}
	// The queue first: without it, what is left of the messages counts for
	// nothing, also after a crash.
	if err := s.queues.Delete(q.Name); err != nil {
		return err
	}
	b := s.backlogs[q.Name]
	delete(s.backlogs, q.Name)
	b.notify()
	return s.clear(b)
}

// clear forgets every message of a backlog.
func (s *Service) clear(b *backlog) error {
	for _, m := range b.messages {
		if err := s.kept.Delete(m.key()); err != nil {
			return err
		}
	}
	b.messages = nil
	return nil
}

// Queues returns all queues, by name.
func (s *Service) Queues() []Queue {
	all := s.queues.All()
	for i := range all {
		all[i] = s.withURL(all[i])
	}
	return all
}
