package sqs

import (
	"cmp"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// Queue is a standard queue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
type Queue struct {
	Name string // see CheckName
	ARN  string
	URL  string `json:"-"` // "http://127.0.0.1:4566/000000000000/name"

	VisibilityTimeoutSeconds int // 0 to 43,200; 0 does not hide a received message
	RetentionSeconds         int // 60 to 1,209,600; 0 becomes 345,600, four days
	DelaySeconds             int // 0 to 900
	MaxMessageBytes          int // 1,024 to 1,048,576; 0 becomes 1,048,576
	ReceiveWaitSeconds       int // 0 to 20

	Policy             string // as JSON; "" for none
	RedrivePolicy      string // {"deadLetterTargetArn":…,"maxReceiveCount":1 to 1000}; "" for none
	RedriveAllowPolicy string // {"redrivePermission":…,"sourceQueueArns":[…]}; "" allows all queues

	// The settings of encryption are only recorded.
	SSE             bool   // encrypts with a key of SQS
	KMSMasterKeyID  string // ID, ARN or alias of a key of KMS; "" for none
	KMSReuseSeconds int    // 60 to 86,400; 0 becomes 300

	Tags              map[string]string
	Created, Modified time.Time
}

// maxMessage is the maximum size of a message, or of all messages of a batch
// together, in bytes. It includes the names, types and values of attributes.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const maxMessage = 1 << 20

// CreateQueue adds a queue and sets its ARN, URL and times. It fails with
// QueueAlreadyExists if the name is taken. Unlike AWS, which would return an
// existing queue with equal attributes, it fails for such a queue, too. Otherwise
// two stacks could share a queue without noticing.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func (s *Service) CreateQueue(q Queue) (Queue, error) {
	if err := CheckName(q.Name); err != nil {
		return Queue{}, err
	}
	return s.synced(s.createQueue(q))
}

func (s *Service) createQueue(q Queue) (Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.backlogs[q.Name] != nil {
		return Queue{}, refusal("QueueAlreadyExists", "A queue named %s already exists; choose another name, or import it", q.Name)
	}
	q.ARN = s.place.ARN("sqs", q.Name).String()
	q.Created = time.Now().UTC().Truncate(time.Second)
	q, err := s.putQueue(q, Queue{})
	if err == nil {
		b := newBacklog(q.Name)
		b.used = time.Now()
		s.backlogs[q.Name] = b
	}
	return q, err
}

// synced returns a changed queue once the change is on disk.
func (s *Service) synced(q Queue, err error) (Queue, error) {
	if err == nil {
		err = s.store.Sync()
	}
	return q, err
}

// UpdateQueue applies change to all of the queue but its name. It does so in one
// step, so that calls that change different attributes do not undo each other. If change
// fails, the queue remains as it is.
func (s *Service) UpdateQueue(url string, change func(*Queue) error) (Queue, error) {
	return s.synced(s.updateQueue(url, change))
}

func (s *Service) updateQueue(url string, change func(*Queue) error) (Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.Queue(url)
	if err != nil {
		return Queue{}, err
	}
	old := q
	if err := change(&q); err != nil {
		return Queue{}, err
	}
	q.Name, q.ARN, q.Created = old.Name, old.ARN, old.Created
	return s.putQueue(q, old)
}

// putQueue stores a queue. old is its previous version, or the zero Queue if it is new.
// Policies that do not change may refer to what has been deleted since.
func (s *Service) putQueue(q, old Queue) (Queue, error) {
	fill(&q.RetentionSeconds, 4*24*60*60)
	fill(&q.MaxMessageBytes, maxMessage)
	fill(&q.KMSReuseSeconds, 300)
	if err := cmp.Or(
		CheckVisibilityTimeout(q.VisibilityTimeoutSeconds),
		CheckMessageRetentionPeriod(q.RetentionSeconds),
		CheckDelaySeconds(q.DelaySeconds),
		CheckMaximumMessageSize(q.MaxMessageBytes),
		CheckReceiveMessageWaitTime(q.ReceiveWaitSeconds),
		CheckKMSDataKeyReusePeriod(q.KMSReuseSeconds),
		CheckKMSMasterKeyID(q.KMSMasterKeyID),
		checkEncryption(q.KMSMasterKeyID, q.SSE),
		CheckPolicy(q.Policy),
		CheckTags(q.Tags),
	); err != nil {
		return Queue{}, err
	}
	r, err := parse(q)
	if err == nil && q.Policy != "" && q.Policy != old.Policy {
		err = RewordPolicyError(cloud.CheckResourcePolicy(s.authorizer, q.Policy))
	}
	if err == nil && q.RedrivePolicy != old.RedrivePolicy {
		err = s.checkTarget(r)
	}
	if err != nil {
		return Queue{}, err
	}
	r.Modified = time.Now().UTC().Truncate(time.Second)
	return s.withURL(r.Queue), s.store.Apply(s.queues.Set(r.Name, r))
}

// fill sets value to its default if it is 0.
func fill(value *int, standard int) {
	if *value == 0 {
		*value = standard
	}
}

// invalidAttribute returns the error for the value of a queue's attribute.
func invalidAttribute(name, reason string, args ...any) error {
	e := refusal("InvalidAttributeValue", reason, args...)
	e.Message = "Invalid value for the parameter " + name + ". Reason: " + e.Message
	return e
}

// Queue returns the queue at a URL, whose host does not matter. It fails with
// AWS.SimpleQueueService.NonExistentQueue, InvalidAddress and MissingParameter.
func (s *Service) Queue(url string) (Queue, error) {
	name, err := s.nameIn(url)
	if err != nil {
		return Queue{}, err
	}
	r, ok := s.queues.Get(name)
	if !ok {
		return Queue{}, nonExistent()
	}
	return s.withURL(r.Queue), nil
}

// byARN returns the queue with that ARN, and reports whether it exists.
func (s *Service) byARN(arn string) (row, bool) {
	r, ok := s.queues.Get(arn[strings.LastIndex(arn, ":")+1:])
	return r, ok && r.ARN == arn
}

// queueAt returns the queue with that ARN. It fails with
// AWS.SimpleQueueService.NonExistentQueue.
func (s *Service) queueAt(arn string) (Queue, error) {
	r, ok := s.byARN(arn)
	if !ok {
		return Queue{}, nonExistent()
	}
	return s.withURL(r.Queue), nil
}

// URL returns the URL of a queue, which need not exist.
func (s *Service) URL(name string) string { return s.endpoint() + "/" + s.place.Account + "/" + name }

func (s *Service) withURL(q Queue) Queue {
	q.URL = s.URL(q.Name)
	return q
}

func (s *Service) withURLs(rows []row) []Queue {
	all := make([]Queue, len(rows))
	for i, r := range rows {
		all[i] = s.withURL(r.Queue)
	}
	return all
}

// DeleteQueue removes a queue with its messages. Its errors include those of Queue.
func (s *Service) DeleteQueue(url string) error {
	_, err := s.synced(Queue{}, s.deleteQueue(url))
	return err
}

func (s *Service) deleteQueue(url string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.Queue(url)
	if err != nil {
		return err
	}
	b := s.backlogs[q.Name]
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := s.store.Apply(append(s.unsetAll(q.Name), s.queues.Unset(q.Name))...); err != nil {
		return err
	}
	delete(s.backlogs, q.Name)
	b.deleted = true
	b.clear()
	b.notify()
	return nil
}

// Queues returns all queues, ordered by name.
func (s *Service) Queues() []Queue { return s.withURLs(s.queues.All()) }
