package test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// clients send messages to a local cloud that is killed, note which ones it has
// acknowledged, and consume its queues.
type clients struct {
	*killWorld
	seed, count int

	sns    *sns.Client
	sqs    *sqs.Client
	lambda *lambda.Client

	mu       sync.Mutex
	sent     map[string]int      // the last number by kind of message
	acked    map[string][]string // IDs by kind
	failures map[string]int      // by error
	changed  chan struct{}       // closed when a message is acknowledged
}

// kinds are the kinds of messages, each with the places where they must arrive, how
// many clients send them, and how many there are for each published message.
var kinds = map[string]struct {
	places  []string
	clients int
	share   float64
}{
	"publish": {[]string{"function", "copies", "undelivered"}, 16, 1},
	"http":    {[]string{"function", "copies", "undelivered"}, 2, 0.1},
	"send":    {[]string{"work"}, 2, 0.2},
	"poison":  {[]string{"workDead"}, 1, 0.1}, // sent to the queue work, whose consumer leaves it there
	"invoke":  {[]string{"function"}, 1, 0.1},
	"fail":    {[]string{"failed"}, 1, 0.1},
}

func newClients(w *killWorld, seed, count int) *clients {
	config := w.cloud.AWSConfig()
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	config.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 64 })
	return &clients{
		killWorld: w, seed: seed, count: count,
		sns: sns.NewFromConfig(config), sqs: sqs.NewFromConfig(config), lambda: lambda.NewFromConfig(config),
		sent: map[string]int{}, acked: map[string][]string{}, failures: map[string]int{}, changed: make(chan struct{}),
	}
}

// send starts all clients. Those of other kinds than publish keep pace with these.
func (c *clients) send(ctx context.Context) *sync.WaitGroup {
	var clients sync.WaitGroup
	for kind, k := range kinds {
		for range k.clients {
			clients.Go(func() {
				for ctx.Err() == nil {
					id, pace, wanted := c.next(kind)
					if !wanted || kind != "publish" && !c.await(ctx, pace) {
						return
					}
					c.note(kind, id, c.sendOne(ctx, kind, id))
				}
			})
		}
	}
	return &clients
}

// next returns the ID of the next message and the number of published messages to wait
// for, unless enough of its kind have been acknowledged.
func (c *clients) next(kind string) (id string, pace int, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[kind]++
	pace = int(float64(len(c.acked[kind])) / kinds[kind].share)
	return fmt.Sprintf("~%d-%s-%d~", c.seed, kind, c.sent[kind]), pace, pace < c.count
}

// sendOne sends a message, and returns nil once it is acknowledged.
func (c *clients) sendOne(ctx context.Context, kind, id string) error {
	topic, work, target := c.out["topic"], c.out["work"], c.out["see"]
	payload := fmt.Appendf(nil, "%q", id)
	var err error
	switch kind {
	case "publish":
		_, err = c.sns.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &id})
	case "http":
		err = post(ctx, c.out["api"], id)
	case "send", "poison":
		_, err = c.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &work, MessageBody: &id})
	case "fail":
		target = c.out["fail"]
		fallthrough
	case "invoke":
		_, err = c.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &target, Payload: payload, InvocationType: lambdatypes.InvocationTypeEvent})
	}
	return err
}

func post(ctx context.Context, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "text/plain") // others reach functions in base64
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &smithy.GenericAPIError{Code: response.Status}
	}
	return nil
}

// note counts an acknowledged message or, after an error, waits until the local cloud
// is back.
func (c *clients) note(kind, id string, err error) {
	c.mu.Lock()
	if err == nil {
		c.acked[kind] = append(c.acked[kind], id)
		close(c.changed)
		c.changed = make(chan struct{})
	} else {
		code := "connection"
		if refused, ok := errors.AsType[smithy.APIError](err); ok {
			code = refused.ErrorCode()
		}
		c.failures[kind+" "+code]++
	}
	c.mu.Unlock()
	if err != nil {
		c.awaitAlive()
		time.Sleep(5 * time.Millisecond) // as SDKs do
	}
}

// await returns once n published messages are acknowledged, or false when ctx ends.
func (c *clients) await(ctx context.Context, n int) bool {
	for {
		c.mu.Lock()
		got, changed := len(c.acked["publish"]), c.changed
		c.mu.Unlock()
		if got >= n {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// owed returns the arrivals of all acknowledged messages, by "kind → place".
func (c *clients) owed() map[string][]arrival {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string][]arrival{}
	for kind, ids := range c.acked {
		for _, place := range kinds[kind].places {
			for _, id := range ids {
				all[kind+" → "+place] = append(all[kind+" → "+place], arrival{place, id})
			}
		}
	}
	return all
}

// errors returns how often which requests failed.
func (c *clients) errors() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.failures)
}

func (c *clients) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var counts []string
	for _, kind := range slices.Sorted(maps.Keys(c.acked)) {
		counts = append(counts, fmt.Sprintf("%s %d", kind, len(c.acked[kind])))
	}
	return "acknowledged: " + strings.Join(counts, ", ")
}

// consume starts a consumer of each queue, which notes what it receives and then
// deletes it.
func (c *clients) consume(ctx context.Context) *sync.WaitGroup {
	var consumers sync.WaitGroup
	for _, queue := range []string{"copies", "undelivered", "work", "workDead", "failed"} {
		consumers.Go(func() {
			for ctx.Err() == nil {
				if err := c.consumeSome(ctx, queue); err != nil {
					c.note("receive from "+queue, "", err)
				}
			}
		})
	}
	return &consumers
}

func (c *clients) consumeSome(ctx context.Context, queue string) error {
	url := c.out[queue]
	return drain(ctx, c.sqs, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 5,
		// A message is hidden for so long if a SIGKILL interrupts its reception.
		VisibilityTimeout: 2,
	}, func(body string) bool {
		if queue == "work" && strings.Contains(body, "-poison-") {
			return false
		}
		c.witness.saw(queue, body)
		return true
	})
}

// drain receives messages once, and deletes those whose bodies take accepts.
func drain(ctx context.Context, client *sqs.Client, in *sqs.ReceiveMessageInput, take func(body string) bool) error {
	received, err := client.ReceiveMessage(ctx, in)
	if err != nil {
		return err
	}
	var done []types.DeleteMessageBatchRequestEntry
	for _, m := range received.Messages {
		if take(*m.Body) {
			done = append(done, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(len(done))), ReceiptHandle: m.ReceiptHandle})
		}
	}
	if done == nil {
		return nil
	}
	_, err = client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: in.QueueUrl, Entries: done})
	return err
}
