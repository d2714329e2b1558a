package server

import (
	"errors"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

// smallDisk names the environment variable with the folder of a small disk.
const smallDisk = "LOCALCLOUD_TEST_DISK"

// onSmallDisk runs the test again, in a process that has a disk of 120 MiB, and skips it
// where that is not possible.
func onSmallDisk(t *testing.T) (disk string) {
	t.Helper()
	if disk := os.Getenv(smallDisk); disk != "" {
		return disk
	}
	disk = t.TempDir()
	const mount = `mount -t tmpfs -o size=120m none "$0" && exec "$@"`
	if out, err := exec.Command("unshare", "-rm", "sh", "-ec", mount, disk, "true").CombinedOutput(); err != nil {
		t.Skipf("no mount namespace: %v: %s", err, out)
	}
	cmd := exec.Command("unshare", "-rm", "sh", "-ec", mount, disk, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), smallDisk+"="+disk)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("on a small disk: %v\n%s", err, out)
	}
	return ""
}

// fill leaves so many bytes free on the disk.
func fill(t *testing.T, disk string, left int64) {
	t.Helper()
	path := filepath.Join(disk, "filling")
	check(t, os.RemoveAll(path))
	var usage syscall.Statfs_t
	check(t, syscall.Statfs(disk, &usage))
	f, err := os.Create(path)
	check(t, err)
	defer f.Close()
	check(t, syscall.Fallocate(int(f.Fd()), 0, 0, int64(usage.Bavail)*usage.Bsize-left))
}

// TestFullDisk checks that nothing is acknowledged on a full disk, that deletions are
// possible, and that everything goes on once there is space.
func TestFullDisk(t *testing.T) {
	disk := onSmallDisk(t)
	if disk == "" {
		return
	}
	s := serve(t, filepath.Join(disk, "state"))
	topic, err := s.services.SNS.CreateTopic(sns.Topic{Name: "numbers"})
	check(t, err)
	queue, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "sums", Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`})
	check(t, err)
	_, err = s.services.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: queue.ARN, RawMessageDelivery: true})
	check(t, err)
	f := s.deploy(t, "add")

	queues := awssqs.NewFromConfig(s.sdk())
	send := func() error {
		_, err := queues.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: aws.String(s.services.SQS.URL("sums")), MessageBody: aws.String("sent")})
		return err
	}
	requests := map[string]func() error{
		"SendMessage": send,
		"Publish": func() error {
			_, err := awssns.NewFromConfig(s.sdk()).Publish(t.Context(), &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("published")})
			return err
		},
		"Invoke": func() error {
			_, err := awslambda.NewFromConfig(s.sdk()).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name, InvocationType: "Event"})
			return err
		},
	}
	fill(t, disk, 30<<20)
	for what, request := range requests {
		refusedWith(t, what, request(), "the disk is full")
	}
	if err := s.services.SNS.DeleteTopic("arn:aws:sns:us-east-1:000000000000:none"); errors.Is(err, store.ErrFull) {
		t.Errorf("a deletion is refused: %v", err)
	}
	check(t, s.services.Lambda.DeleteFunction("add"))

	fill(t, disk, 1<<20)
	_, err = s.services.Lambda.CreateFunction(lambda.Config{Name: "large", Role: f.Role, Handler: "bootstrap", Runtime: "provided.al2023", ReservedConcurrency: -1}, large(t))
	if e, ok := errors.AsType[*cloud.Error](err); !ok || e.Status < 500 || !strings.Contains(e.Message, "The disk is full") {
		t.Errorf("code that does not fit: %v", err)
	}

	check(t, os.Remove(filepath.Join(disk, "filling")))
	f = s.deploy(t, "again")
	requests["Invoke"] = func() error {
		_, err := awslambda.NewFromConfig(s.sdk()).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &f.Name, InvocationType: "Event"})
		return err
	}
	for what, request := range requests {
		if err := request(); err != nil {
			t.Errorf("%s, once there is space: %v", what, err)
		}
	}
	developer := cloud.Caller{ARN: s.place().GlobalARN("iam", "user/developer"), Administrator: true}
	for range 2 {
		s.receive(t, developer, queue.ARN)
	}
}

// large returns a bundle of 30 MB that cannot be compressed.
func large(t *testing.T) []byte {
	t.Helper()
	raw := make([]byte, 30<<20)
	rand.New(rand.NewSource(1)).Read(raw)
	return archiveOf(t, raw)
}

// TestEngineFull checks what happens if others use up what the local cloud has left free:
// the process ends with one clear line, and the next one continues.
func TestEngineFull(t *testing.T) {
	disk := onSmallDisk(t)
	if disk == "" {
		return
	}
	dir := filepath.Join(disk, "state")
	if os.Getenv("LOCALCLOUD_TEST_CHILD") != "" {
		st, err := store.Open(dir)
		check(t, err)
		rows, err := store.NewTable[int](st, "rows")
		check(t, err)
		check(t, rows.Put("acknowledged", 1))
		f, err := os.Create(filepath.Join(disk, "filling"))
		check(t, err)
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
		t.Fatalf("on a full disk, Erase returned %v", st.Erase())
	}
	child := exec.Command(os.Args[0], "-test.run=^TestEngineFull$")
	child.Env = append(os.Environ(), "LOCALCLOUD_TEST_CHILD=1")
	out, err := child.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "free or repair the disk, then start it again") || strings.Contains(string(out), "goroutine ") {
		t.Errorf("the process ended with %v:\n%s", err, out)
	}
	if _, err := store.Open(dir); !errors.Is(err, store.ErrFull) {
		t.Errorf("while the disk is full, Open returned %v", err)
	}
	check(t, os.Remove(filepath.Join(disk, "filling")))
	st, err := store.Open(dir)
	check(t, err)
	defer st.Close()
	rows, err := store.NewTable[int](st, "rows")
	check(t, err)
	if n, ok := rows.Get("acknowledged"); n != 1 {
		t.Errorf("the row that was acknowledged is %d, %t", n, ok)
	}
}
