package scheduler_test

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/scheduler"
)

func TestTargets(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*scheduler.Schedule)
		want   []string
	}{
		"a function": {nil, []string{
			`0s lambda: {"version":"0","id":"ID","detail-type":"Scheduled Event","source":"aws.scheduler","account":"000000000000","time":"2000-01-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:scheduler:us-east-1:000000000000:schedule/default/n"],"detail":"{}"}`,
			`10m0s lambda: {"version":"0","id":"ID","detail-type":"Scheduled Event","source":"aws.scheduler","account":"000000000000","time":"2000-01-01T00:10:00Z","region":"us-east-1","resources":["arn:aws:scheduler:us-east-1:000000000000:schedule/default/n"],"detail":"{}"}`}},
		"a queue": {func(n *scheduler.Schedule) { n.Target.ARN, n.Target.Input = queue, "hello" }, []string{"0s sqs: hello", "10m0s sqs: hello"}},
		"a topic": {func(n *scheduler.Schedule) { n.Target.ARN, n.Target.Input = topic, `{"a":1}` }, []string{`0s sns: {"a":1}`, `10m0s sns: {"a":1}`}},
		"context attributes": {func(n *scheduler.Schedule) {
			n.Target.Input = `{"at":"<aws.scheduler.scheduled-time>","of":"<aws.scheduler.schedule-arn>","n":"<aws.scheduler.attempt-number>","run":"<aws.scheduler.execution-id>"}`
			n.Expression, n.Timezone = "at(2000-01-01T01:05:00)", "Europe/Rome"
		}, []string{`5m0s lambda: {"at":"2000-01-01T00:05:00Z","of":"arn:aws:scheduler:us-east-1:000000000000:schedule/default/n","n":"1","run":"RUN"}`}},
		"disabled": {func(n *scheduler.Schedule) { n.State = scheduler.Disabled }, nil},
		"an end":   {func(n *scheduler.Schedule) { n.End = time.Now().Add(time.Minute) }, []string{"0s lambda"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				s := w.open(t, 1)
				create(t, s, test.change)
				time.Sleep(15 * time.Minute)
				synctest.Wait()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				for i := range w.sent {
					w.sent[i] = uuids.ReplaceAllString(runs.ReplaceAllString(w.sent[i], `"run":"RUN"`), "ID")
					if name == "an end" {
						w.sent[i] = w.sent[i][:len(test.want[i])]
					}
				}
				if !slices.Equal(w.sent, test.want) || w.sessions != 0 {
					t.Errorf("sent %q, %d sessions are left; want %q", w.sent, w.sessions, test.want)
				}
			})
		})
	}
}

var (
	uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	runs  = regexp.MustCompile(`"run":"[a-z2-7]{16}"`)
)

// TestPace checks that a schedule runs faster by the pace, and that the target sees AWS's
// times.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.open(t, 60)
		defer s.Close()
		create(t, s, func(n *scheduler.Schedule) {
			n.Expression, n.Target.Input = "cron(0 9 * * ? *)", `"<aws.scheduler.scheduled-time>"`
		})
		time.Sleep(34 * time.Minute)
		synctest.Wait()
		if want := []string{`9m0s lambda: "2000-01-01T09:00:00Z"`, `33m0s lambda: "2000-01-02T09:00:00Z"`}; !slices.Equal(w.sent, want) {
			t.Errorf("sent %q, want %q", w.sent, want)
		}
	})
}

// TestDeadLetter checks what happens to events that cannot be delivered.
func TestDeadLetter(t *testing.T) {
	denied := cloud.Errorf(403, "AccessDeniedException", "User: r is not authorized to perform: lambda:InvokeFunction")
	retries := 2
	const deadLetter = `3s letters: {"FunctionName":"` + function + `","InvocationType":"Event","Payload":"{\"n\":\"3\"}"}`
	for name, test := range map[string]struct {
		letters string
		reach   func(string) error
		sent    []string
		losses  int
		metrics map[string]float64
	}{
		"to a queue": {letters, func(target string) error {
			if target == function {
				return denied
			}
			return nil
		}, []string{deadLetter}, 0, map[string]float64{"default InvocationAttemptCount": 3, "default TargetErrorCount": 3, "default InvocationDroppedCount": 1, "default InvocationsSentToDeadLetterCount": 1}},
		"to none": {"", func(string) error { return denied }, nil, 1,
			map[string]float64{"default InvocationAttemptCount": 3, "default TargetErrorCount": 3, "default InvocationDroppedCount": 1}},
		"to one that refuses": {letters, func(string) error { return denied }, nil, 1,
			map[string]float64{"default InvocationAttemptCount": 3, "default TargetErrorCount": 3, "default InvocationDroppedCount": 1,
				"default InvocationsFailedToBeSentToDeadLetterCount": 1, "default InvocationsFailedToBeSentToDeadLetterCount_AccessDeniedException": 1}},
		"throttled": {letters, func(target string) error {
			if target == function {
				return cloud.Errorf(429, "TooManyRequestsException", "Rate Exceeded.")
			}
			return nil
		}, []string{deadLetter}, 0, map[string]float64{"default InvocationAttemptCount": 3, "default TargetErrorCount": 3, "default TargetErrorThrottledCount": 3,
			"default InvocationDroppedCount": 1, "default InvocationsSentToDeadLetterCount": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.reach = test.reach
				s := w.open(t, 1)
				defer s.Close()
				made := create(t, s, func(n *scheduler.Schedule) {
					n.Expression = "at(2000-01-01T00:00:01)"
					n.Target.Input, n.Target.DeadLetters, n.Target.Retries = `{"n":"<aws.scheduler.attempt-number>"}`, test.letters, &retries
				})
				time.Sleep(time.Second)
				w.change(func() { w.began = time.Now() })
				time.Sleep(time.Hour)
				synctest.Wait()
				if !slices.Equal(w.sent, test.sent) || len(w.losses) != test.losses || fmt.Sprint(w.metrics) != fmt.Sprint(test.metrics) {
					t.Errorf("sent %q, losses %q, metrics %v; want %q, %d, %v", w.sent, w.losses, w.metrics, test.sent, test.losses, test.metrics)
				}
				if len(test.sent) == 0 {
					return
				}
				got := map[string]string{}
				for name, a := range w.last.Attributes {
					got[name] = a.StringValue
				}
				delete(got, "EXECUTION_ID")
				refusal := test.reach(function).(*cloud.Error)
				want := map[string]string{"ERROR_CODE": refusal.Code, "ERROR_MESSAGE": refusal.Message, "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "IS_PAYLOAD_TRUNCATED": "false",
					"RETRY_ATTEMPTS": "2", "SCHEDULED_TIME": "2000-01-01T00:00:01Z", "SCHEDULE_ARN": made.ARN, "TARGET_ARN": "arn:aws:scheduler:::aws-sdk:lambda:invoke"}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("attributes %v, want %v", got, want)
				}
			})
		})
	}
}

// TestDeadLetterOfOthers checks the dead letters of targets that are not functions, and of
// errors that are not AWS's.
func TestDeadLetterOfOthers(t *testing.T) {
	for target, want := range map[string]struct{ action, body string }{
		queue: {"sqs:sendMessage", `{"MessageBody":"hello","QueueUrl":"http://127.0.0.1:4566/000000000000/q"}`},
		topic: {"sns:publish", `{"Message":"hello","TopicArn":"` + topic + `"}`},
	} {
		t.Run(want.action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, retries := newWorld(), 0
				w.reach = func(arn string) error {
					if arn == target {
						return errors.New("the disk is full")
					}
					return nil
				}
				s := w.open(t, 1)
				defer s.Close()
				create(t, s, func(n *scheduler.Schedule) {
					n.Target.ARN, n.Target.Input, n.Target.DeadLetters, n.Target.Retries = target, "hello", letters, &retries
				})
				time.Sleep(time.Minute)
				synctest.Wait()
				code, message, action := w.last.Attributes["ERROR_CODE"], w.last.Attributes["ERROR_MESSAGE"], w.last.Attributes["TARGET_ARN"]
				if w.last.Body != want.body || action.StringValue != "arn:aws:scheduler:::aws-sdk:"+want.action ||
					code.StringValue != "AWS.Scheduler.InternalServerError" || message.StringValue != "Unexpected error occurred while processing the request" {
					t.Errorf("got %+v", w.last)
				}
			})
		})
	}
}

// TestRole checks that the role must trust the service for schedules of the group, when a
// schedule is created and at each attempt.
func TestRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.open(t, 1)
		defer s.Close()
		var source string
		w.trust = func(service cloud.Caller, _ cloud.ARN) error {
			source = service.Service + " for " + service.SourceARN.String()
			return cloud.Errorf(403, "AccessDenied", "no")
		}
		_, err := s.Create(t.Context(), cloud.Caller{}, schedule(nil))
		if want := "ValidationException: The execution role you provide must allow AWS EventBridge Scheduler to assume the role."; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if want := "scheduler.amazonaws.com for arn:aws:scheduler:us-east-1:000000000000:schedule-group/default"; source != want {
			t.Errorf("got %s, want %s", source, want)
		}
		w.change(func() { w.trust = nil })
		create(t, s, func(n *scheduler.Schedule) { n.Target.DeadLetters = letters })
		time.Sleep(time.Second)
		w.change(func() {
			w.trust = func(cloud.Caller, cloud.ARN) error { return cloud.Errorf(403, "AccessDenied", "no") }
		})
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if len(w.sent) != 1 || len(w.losses) == 0 {
			t.Errorf("sent %q, losses %q", w.sent, w.losses)
		}
	})
}

// TestKey checks that the caller must be allowed to use the key of a schedule, and its
// role to decrypt with it.
func TestKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.open(t, 1)
		defer s.Close()
		var used []string
		w.keys = func(operation string, caller cloud.Caller) error {
			used = append(used, operation+" as "+cmp.Or(caller.Role, "developer"))
			return nil
		}
		with := func(n *scheduler.Schedule) {
			n.Expression, n.KMSKeyARN = "rate(1 day)", "arn:aws:kms:us-east-1:000000000000:key/k"
		}
		create(t, s, with)
		time.Sleep(time.Second)
		synctest.Wait()
		if want := []string{"encrypt as developer", "decrypt as r"}; !slices.Equal(used, want) {
			t.Errorf("used %q, want %q", used, want)
		}
		w.change(func() {
			w.keys = func(string, cloud.Caller) error { return cloud.Errorf(400, "AccessDeniedException", "no") }
		})
		_, err := s.Update(t.Context(), cloud.Caller{}, schedule(with))
		if want := "ValidationException: no (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

// TestReopen checks that the next process continues: with the schedules, with their times
// and with what has failed.
func TestReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.change(func() {
			w.reach = func(string) error { return cloud.Errorf(500, "ServiceException", "down") }
		})
		s := w.open(t, 1)
		if _, err := s.CreateGroup("g", map[string]string{"a": "1"}, ""); err != nil {
			t.Fatal(err)
		}
		create(t, s, func(n *scheduler.Schedule) { n.Group, n.Target.Input = "g", `"<aws.scheduler.scheduled-time>"` })
		time.Sleep(2 * time.Second)
		s.Close()
		w.change(func() { w.reach = nil })
		s = w.open(t, 1)
		defer s.Close()
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if want := []string{`3s lambda: "2000-01-01T00:00:00Z"`, `10m0s lambda: "2000-01-01T00:10:00Z"`}; !slices.Equal(w.sent, want) {
			t.Errorf("sent %q, want %q", w.sent, want)
		}
		if g, err := s.FindGroup("g"); err != nil || g.Tags["a"] != "1" {
			t.Errorf("got %+v, %v", g, err)
		}
	})
}

func TestRefusals(t *testing.T) {
	w := newWorld()
	s := w.open(t, 1)
	defer s.Close()
	if _, err := s.CreateGroup("g", nil, ""); err != nil {
		t.Fatal(err)
	}
	create(t, s, func(n *scheduler.Schedule) { n.Name, n.State = "taken", scheduler.Disabled })
	retries, most := -1, 186
	for want, change := range map[string]func(*scheduler.Schedule){
		"ConflictException: Schedule taken already exists.":                                                           func(n *scheduler.Schedule) { n.Name = "taken" },
		"ResourceNotFoundException: Schedule group h does not exist.":                                                 func(n *scheduler.Schedule) { n.Group = "h" },
		"Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ":        func(n *scheduler.Schedule) { n.Name = "a b" },
		"at 'name' failed to satisfy constraint: Member must have length less than or equal to 64":                    func(n *scheduler.Schedule) { n.Name = strings.Repeat("a", 65) },
		"at 'description' failed to satisfy constraint":                                                               func(n *scheduler.Schedule) { n.Description = strings.Repeat("a", 513) },
		"ValidationException: Invalid Schedule Expression rate(2 hour).":                                              func(n *scheduler.Schedule) { n.Expression = "rate(2 hour)" },
		"Value '' at 'scheduleExpression' failed to satisfy constraint":                                               func(n *scheduler.Schedule) { n.Expression = "" },
		"Invalid Schedule Expression Timezone Mars.":                                                                  func(n *scheduler.Schedule) { n.Timezone = "Mars" },
		"Value '1441' at 'maximumWindowInMinutes'":                                                                    func(n *scheduler.Schedule) { n.Window = 1441 },
		"Value 'ON' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, DISABLED]": func(n *scheduler.Schedule) { n.State = "ON" },
		"at 'actionAfterCompletion' failed to satisfy constraint: Member must satisfy enum value set: [NONE, DELETE]": func(n *scheduler.Schedule) { n.Completion = "STOP" },
		"at 'kmsKeyArn' failed to satisfy constraint":                                                                 func(n *scheduler.Schedule) { n.KMSKeyARN = "alias/a" },
		"Provided Arn is not in correct format.":                                                                      func(n *scheduler.Schedule) { n.Target.ARN = "f" },
		"does not support the universal target arn:aws:scheduler:::aws-sdk:sqs:sendMessage":                           func(n *scheduler.Schedule) { n.Target.ARN = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage" },
		"does not support the target arn:aws:states:us-east-1:000000000000:stateMachine:s; it supports functions":     func(n *scheduler.Schedule) { n.Target.ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:s" },
		"has no FIFO queues or topics":                                                                                func(n *scheduler.Schedule) { n.Target.ARN = queue + ".fifo" },
		"at 'target.roleArn' failed to satisfy constraint":                                                            func(n *scheduler.Schedule) { n.Target.RoleARN = "r" },
		"at 'target.deadLetterConfig.arn' failed to satisfy constraint":                                               func(n *scheduler.Schedule) { n.Target.DeadLetters = queue + ".fifo" },
		"Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater":       func(n *scheduler.Schedule) { n.Target.MaxAge = 59 },
		"Value '86401' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value less":       func(n *scheduler.Schedule) { n.Target.MaxAge = 86401 },
		"Value '-1' at 'maximumRetryAttempts'":                                                                        func(n *scheduler.Schedule) { n.Target.Retries = &retries },
		"Value '186' at 'maximumRetryAttempts'":                                                                       func(n *scheduler.Schedule) { n.Target.Retries = &most },
		"Input must be valid JSON for a Lambda target.":                                                               func(n *scheduler.Schedule) { n.Target.Input = "hello" },
		"The Input must be at most 262144 bytes long":                                                                 func(n *scheduler.Schedule) { n.Target.Input = strings.Repeat("1", 256<<10+1) },
		"The StartDate you specify cannot be earlier than 5 minutes ago.":                                             func(n *scheduler.Schedule) { n.Start = time.Now().Add(-6 * time.Minute) },
		"The EndDate you specify must be in the future.":                                                              func(n *scheduler.Schedule) { n.End = time.Now().Add(-time.Minute) },
		"The EndDate you specify must come after the StartDate you specify.":                                          func(n *scheduler.Schedule) { n.Start, n.End = time.Now().Add(time.Hour), time.Now().Add(time.Minute) },
	} {
		if _, err := s.Create(t.Context(), cloud.Caller{}, schedule(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := s.Update(t.Context(), cloud.Caller{}, schedule(nil)); cloud.ErrorCode(err) != "ResourceNotFoundException" {
		t.Errorf("update: %v", err)
	}
	for want, err := range map[string]error{
		"Schedule n does not exist.":                        s.Delete("", "n"),
		"Schedule group h does not exist.":                  s.DeleteGroup("h"),
		"The default schedule group cannot be deleted.":     s.DeleteGroup("default"),
		"Schedule group g already exists.":                  func() error { _, err := s.CreateGroup("g", nil, ""); return err }(),
		"Schedule group default already exists.":            func() error { _, err := s.CreateGroup("default", nil, ""); return err }(),
		"Value 'a/b' at 'groupName'":                        func() error { _, err := s.CreateGroup("a/b", nil, ""); return err }(),
		"arn:aws:sns:x:y:z is not the ARN of a schedule":    s.ChangeTags("arn:aws:sns:x:y:z", nil, nil),
		"MaximumWindowInMinutes must be provided when":      scheduler.CheckFlexibleWindow("FLEXIBLE", 0),
		"MaximumWindowInMinutes must not be provided":       scheduler.CheckFlexibleWindow("OFF", 5),
		"Value 'ON' at 'mode'":                              scheduler.CheckFlexibleWindow("ON", 0),
		"Value 'a b' at 'clientToken'":                      scheduler.CheckToken("a b"),
		"The local cloud does not keep tags of the default": s.ChangeTags(s.GroupARN("default").String(), map[string]string{"a": "b"}, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestDeleteGroup checks that a group takes its schedules with it.
func TestDeleteGroup(t *testing.T) {
	w := newWorld()
	s := w.open(t, 1)
	defer s.Close()
	if _, err := s.CreateGroup("g", nil, ""); err != nil {
		t.Fatal(err)
	}
	for _, group := range []string{"g", ""} {
		create(t, s, func(n *scheduler.Schedule) { n.Group, n.State = group, scheduler.Disabled })
	}
	if err := s.DeleteGroup("g"); err != nil {
		t.Fatal(err)
	}
	if all, err := s.List(scheduler.Filter{}); err != nil || len(all) != 1 || all[0].Group != "default" {
		t.Errorf("got %+v, %v", all, err)
	}
}
