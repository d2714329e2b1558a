package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Email is a message that AWS would send to an address that is subscribed to a topic.
type Email struct {
	Time    time.Time `json:"time"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Body    string    `json:"body"`
	Topic   string    `json:"topic"` // ARN
}

// Emails returns the emails since the start of a local cloud, the oldest first. It keeps the
// most recent ones, up to 1 MiB.
func Emails(ctx context.Context, c Config) (all []Email, err error) {
	body, err := c.request(ctx, http.MethodGet, EmailsPath, nil)
	if err == nil {
		defer body.Close()
		err = json.NewDecoder(body).Decode(&all)
	}
	if err != nil {
		return nil, fmt.Errorf("emails: %w", err)
	}
	return all, nil
}
