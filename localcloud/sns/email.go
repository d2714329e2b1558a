package sns

import (
	"cmp"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// Email is a message that AWS would send to a subscribed address, once its owner has
// confirmed the subscription. Nothing is sent here.
type Email struct {
	Time      time.Time
	To        string
	Subject   string
	Body      string
	TopicARN  string
	MessageID string
}

// maxEmailBytes is the size of the emails that are kept, in memory only. The oldest are
// forgotten first.
const maxEmailBytes = 1 << 20

// size returns about how much memory an email takes.
func (m Email) size() int { return 256 + len(m.Subject) + len(m.Body) }

// emails holds the most recent emails, the oldest first.
type emails struct {
	mu    sync.Mutex
	all   []Email
	bytes int
}

func (e *emails) add(m Email) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, m)
	for e.bytes += m.size(); e.bytes > maxEmailBytes; e.all = e.all[1:] {
		e.bytes -= e.all[0].size()
	}
}

// Emails returns the most recent emails, the oldest first.
func (s *Service) Emails() []Email {
	s.emails.mu.Lock()
	defer s.emails.mu.Unlock()
	return append([]Email(nil), s.emails.all...)
}

// keepEmails keeps a published message for each of the subscriptions that is of an email
// address and selects it. Without a subject, AWS uses that of its own.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
func (s *Service) keepEmails(topicARN string, to []row, messageID string, m Message, b bodies) {
	for _, r := range to {
		if !isEmail(r.Protocol) {
			continue
		}
		body := b.of(r.Protocol)
		if !r.selects(body, m.Attributes) {
			s.measureFiltered(r, body, m.Attributes)
			continue
		}
		mail := Email{time.Now().UTC(), r.Endpoint, cmp.Or(m.Subject, "AWS Notification Message"), body, topicARN, messageID}
		s.emails.add(mail)
		s.note(cloud.Info, topicARN, "AWS would send an email to %s: %s", mail.To, mail.Subject)
	}
}

func isEmail(protocol string) bool { return strings.HasPrefix(protocol, "email") }
