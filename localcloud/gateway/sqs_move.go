package gateway

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

type (
	startMoveInput struct {
		Source      string `json:"SourceArn"`
		Destination string `json:"DestinationArn"`
		PerSecond   *int   `json:"MaxNumberOfMessagesPerSecond"`
	}
	listMovesInput struct {
		Source string `json:"SourceArn"`
		Max    *int   `json:"MaxResults"`
	}
	cancelMoveInput struct {
		Handle string `json:"TaskHandle"`
	}
)

func (in startMoveInput) source() string  { return in.Source }
func (in listMovesInput) source() string  { return in.Source }
func (in cancelMoveInput) source() string { return in.task().Source }

// moveHandle is the content of a task handle, which clients do not interpret.
type moveHandle struct {
	ID     string `json:"taskId"`
	Source string `json:"sourceArn"`
}

func (h moveHandle) String() string {
	raw, _ := json.Marshal(h) // strings
	return base64.StdEncoding.EncodeToString(raw)
}

// task returns the content of the handle, or the zero moveHandle if that is not one.
func (in cancelMoveInput) task() (h moveHandle) {
	if raw, err := base64.StdEncoding.DecodeString(in.Handle); err != nil || json.Unmarshal(raw, &h) != nil {
		return moveHandle{}
	}
	return h
}

// deadLetterQueue returns the queue from which a task moves messages.
func deadLetterQueue[In interface{ source() string }](c *call, in In) (target, error) {
	arn := in.source()
	if arn == "" {
		if _, ok := any(in).(cancelMoveInput); ok {
			return target{}, invalidSQS("Value for parameter TaskHandle is invalid.")
		}
		return target{}, cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter SourceArn.")
	}
	return c.queueByARN(arn), nil
}

// queueByARN returns the queue with that ARN. One that does not exist has no policy.
func (c *call) queueByARN(arn string) target {
	q, err := c.SQS.Queue(c.SQS.URL(arn[strings.LastIndexByte(arn, ':')+1:]))
	if err != nil || q.ARN != arn {
		return target{resource: arn}
	}
	return target{resource: q.ARN, policy: q.Policy}
}

// startMove starts a task. Its caller needs the permissions to do what the task does.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func startMove(c *call, in startMoveInput) (any, error) {
	t := sqs.MoveTask{Source: in.Source, Destination: in.Destination}
	if in.PerSecond != nil {
		if t.PerSecond = *in.PerSecond; t.PerSecond == 0 {
			t.PerSecond = -1 // invalid, unlike a rate that is not given
		}
	}
	if err := c.SQS.CheckMove(t); err != nil {
		return nil, err
	}
	for _, action := range []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} {
		if err := c.authorize(action, c.queueByARN(in.Source)); err != nil {
			return nil, err
		}
	}
	if err := c.SQS.CheckKeyUse(c.Context(), c.caller, in.Source, "ReceiveMessage"); err != nil {
		return nil, err
	}
	destinations := []string{in.Destination}
	if in.Destination == "" {
		destinations = nil
		for _, q := range c.SQS.Sources(in.Source) {
			destinations = append(destinations, q.ARN)
		}
	}
	for _, arn := range destinations {
		err := c.authorize("sqs:SendMessage", c.queueByARN(arn))
		if err == nil {
			err = c.SQS.CheckKeyUse(c.Context(), c.caller, arn, "SendMessage")
		}
		if err != nil {
			return nil, err
		}
	}
	t, err := c.SQS.StartMove(t)
	return struct {
		Handle string `json:"TaskHandle" xml:"TaskHandle"`
	}{moveHandle{t.ID, t.Source}.String()}, err
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html
func listMoves(c *call, in listMovesInput) (any, error) {
	limit := 1
	if in.Max != nil {
		limit = *in.Max
	}
	if limit < 1 || limit > 10 {
		return nil, invalidSQS("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and 10, if provided.", limit)
	}
	tasks, err := c.SQS.Moves(in.Source)
	if err != nil {
		return nil, err
	}
	type result struct {
		Handle      string `json:"TaskHandle,omitempty" xml:"TaskHandle,omitempty"` // only of an active task
		Status      string
		Source      string `json:"SourceArn" xml:"SourceArn"`
		Destination string `json:"DestinationArn,omitempty" xml:"DestinationArn,omitempty"`
		PerSecond   int    `json:"MaxNumberOfMessagesPerSecond,omitempty" xml:"MaxNumberOfMessagesPerSecond,omitempty"`
		Moved       int    `json:"ApproximateNumberOfMessagesMoved" xml:"ApproximateNumberOfMessagesMoved"`
		ToMove      int    `json:"ApproximateNumberOfMessagesToMove" xml:"ApproximateNumberOfMessagesToMove"`
		Failure     string `json:"FailureReason,omitempty" xml:"FailureReason,omitempty"`
		Started     int64  `json:"StartedTimestamp" xml:"StartedTimestamp"`
	}
	out := struct {
		Results []result `xml:"ListMessageMoveTasksResultEntry"`
	}{[]result{}}
	for _, t := range tasks[:min(limit, len(tasks))] {
		r := result{"", t.Status, t.Source, t.Destination, t.PerSecond, t.Moved, t.ToMove, t.Failure, t.Started.UnixMilli()}
		if t.IsRunning() {
			r.Handle = moveHandle{t.ID, t.Source}.String()
		}
		out.Results = append(out.Results, r)
	}
	return out, nil
}

func cancelMove(c *call, in cancelMoveInput) (any, error) {
	h := in.task()
	moved, err := c.SQS.CancelMove(h.ID, h.Source)
	return struct {
		Moved int `json:"ApproximateNumberOfMessagesMoved" xml:"ApproximateNumberOfMessagesMoved"`
	}{moved}, err
}
