package secretsmanager_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/secretsmanager"
)

const (
	current  = secretsmanager.Current
	previous = secretsmanager.Previous
	pending  = secretsmanager.Pending
)

// A rotation invokes the function for four steps, after which the new value is the current
// one. A repeated request changes nothing.
func TestRotate(t *testing.T) {
	inRotation(t, 1, func(k *rotationKit) {
		k.step = func(_ context.Context, step string) string {
			want := map[string]string{current: "old", pending: "new", previous: ""}
			if step == "createSecret" {
				want[pending] = "" // the version exists, without a value
				if stages := k.secret().StagesOf(token); !slices.Equal(stages, []string{pending}) {
					t.Errorf("the stages of the new version are %q", stages)
				}
			}
			k.sees(want)
			return ""
		}
		k.start(secretsmanager.RotateRequest{})
		k.did(steps("0s")...)
		k.sees(map[string]string{current: "new", previous: "old", pending: "new"})
		if k.last.SecretId != k.secret().ARN || k.last.ClientRequestToken != token || len(k.last.RotationToken) != 36 {
			t.Errorf("the event was %+v", k.last)
		}
		if r := k.secret().Rotation; !r.Enabled || r.Last != k.began.UTC() {
			t.Errorf("rotation %+v", r)
		}
		if next, ok := k.NextRotation(k.secret()); ok {
			t.Errorf("without rules, the next rotation is %v", next)
		}
		k.start(secretsmanager.RotateRequest{})
		k.did()
	})
}

// Windows start when the rules say, and a rotation begins in them at any time.
func TestRotationWindows(t *testing.T) {
	type window struct{ start, end float64 } // hours since January 1st 2000
	for name, test := range map[string]struct {
		rules   secretsmanager.Rules
		windows []window
	}{
		"days":                         {secretsmanager.Rules{Days: 2}, []window{{48, 72}, {96, 120}}},
		"days with a window":           {secretsmanager.Rules{Days: 1, Duration: "3h"}, []window{{24, 27}, {48, 51}}},
		"a rate in days":               {secretsmanager.Rules{Schedule: "rate(1 day)"}, []window{{24, 48}, {48, 72}}},
		"a rate in hours":              {secretsmanager.Rules{Schedule: "rate(4 hours)"}, []window{{4, 5}, {8, 9}}},
		"cron in hours":                {secretsmanager.Rules{Schedule: "cron(0 8/8 * * ? *)"}, []window{{8, 9}, {16, 17}, {32, 33}}},
		"cron from midnight":           {secretsmanager.Rules{Schedule: "cron(0 /8 * * ? *)", Duration: "2h"}, []window{{0, 2}, {8, 10}, {16, 18}}},
		"a day of the month":           {secretsmanager.Rules{Schedule: "cron(0 16 1,15 * ? *)", Duration: "2h"}, []window{{16, 18}, {14*24 + 16, 14*24 + 18}}},
		"a day of the week":            {secretsmanager.Rules{Schedule: "cron(0 18 ? * SAT *)"}, []window{{18, 24}, {7*24 + 18, 8 * 24}}},
		"the first Sunday":             {secretsmanager.Rules{Schedule: "cron(0 1 ? 1/3 SUN#1 *)"}, []window{{25, 48}}},
		"every second day of the week": {secretsmanager.Rules{Schedule: "cron(0 0 ? * 1/2 *)", Duration: "1h"}, []window{{0, 1}, {24, 25}, {72, 73}}},
	} {
		for _, pace := range []cloud.Pace{1, 60} {
			t.Run(name, func(t *testing.T) {
				inRotation(t, pace, func(k *rotationKit) {
					k.start(secretsmanager.RotateRequest{Rules: &test.rules, Later: true})
					k.did("0s testSecret")
					at := func(hours float64) time.Time {
						return k.began.Add(time.Duration(hours * float64(time.Hour) / float64(pace)))
					}
					for _, w := range test.windows {
						if next, ok := k.NextRotation(k.secret()); !ok || !next.Equal(at(w.end)) {
							t.Errorf("the next rotation is %v, %v after the beginning, want %v", next, next.Sub(k.began), at(w.end))
						}
						time.Sleep(time.Until(at(w.start)) - time.Millisecond)
						k.did()
						time.Sleep(time.Until(at(w.end)) - time.Millisecond)
						synctest.Wait()
						if last := k.secret().Rotation.Last; last.Before(at(w.start)) || last.After(at(w.end)) {
							t.Errorf("rotated after %v, want %v hours", last.Sub(k.began), w)
						}
						k.calls = nil
					}
				})
			})
		}
	}
}

// A rotation that fails is repeated as a whole, with the same version. If it never succeeds,
// the version remains pending until the next window.
func TestFailedRotation(t *testing.T) {
	inRotation(t, 1, func(k *rotationKit) {
		fails := 2
		k.step = func(_ context.Context, step string) string {
			if step == "testSecret" && fails > 0 {
				fails--
				return `{"errorType":"wrongPassword","errorMessage":"s3cret"}`
			}
			return ""
		}
		k.start(secretsmanager.RotateRequest{Rules: &secretsmanager.Rules{Schedule: "rate(4 hours)"}})
		time.Sleep(time.Minute)
		k.did("0s createSecret", "0s setSecret", "0s testSecret", "1s createSecret", "1s setSecret", "1s testSecret", "3s createSecret", "3s setSecret", "3s testSecret", "3s finishSecret")
		k.sees(map[string]string{current: "new", previous: "old"})
		k.noted("testSecret: the function failed with Unhandled wrongPassword", "s3cret")

		fails = 6
		k.start(secretsmanager.RotateRequest{Token: another})
		time.Sleep(time.Hour)
		if n := k.count(); n != 6*3 {
			t.Errorf("%d calls", n)
		}
		k.noted("the rotation has failed after 6 attempts, and version "+another+" remains AWSPENDING", "s3cret")
		if err := k.rotate(secretsmanager.RotateRequest{Token: strings.Repeat("3", 36)}); err == nil || err.Error() != "InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted." {
			t.Error(err)
		}
		time.Sleep(4 * time.Hour)
		if stages := k.secret().StagesOf(another); !slices.Equal(stages, []string{current, pending}) {
			t.Errorf("after the next window: %q", stages)
		}
	})
}

// A function that does not make the version current has not rotated the secret.
func TestUnfinishedRotation(t *testing.T) {
	inRotation(t, 1, func(k *rotationKit) {
		k.finish = func() error { return nil }
		k.start(secretsmanager.RotateRequest{})
		k.did(steps("0s")...)
		k.noted("finishSecret: the function has not moved AWSCURRENT to version "+token, "")
		k.change(func() { k.finish = nil })
		time.Sleep(time.Second)
		synctest.Wait()
		k.did(steps("1s")...)
		k.sees(map[string]string{current: "new", previous: "old"})
	})
}

// A value that is set by hand ends a rotation, and a rate counts from then on.
func TestValueByHand(t *testing.T) {
	inRotation(t, 1, func(k *rotationKit) {
		k.step = func(context.Context, string) string { return "{}" }
		k.start(secretsmanager.RotateRequest{Rules: &secretsmanager.Rules{Schedule: "rate(4 hours)"}})
		time.Sleep(2 * time.Hour)
		if _, _, err := k.Put(t.Context(), cloud.Caller{}, "db", text("by hand"), "", nil); err != nil {
			t.Fatal(err)
		}
		if stages := k.secret().StagesOf(token); len(stages) > 0 {
			t.Errorf("the version still has %q", stages)
		}
		if next, _ := k.NextRotation(k.secret()); next.Sub(k.began) != 7*time.Hour {
			t.Errorf("the next rotation is at most %v after the beginning", next.Sub(k.began))
		}
		k.step = nil
		k.start(secretsmanager.RotateRequest{Token: another})
		k.sees(map[string]string{current: "new", previous: "by hand"})
		_, _, err := k.CancelRotation("db")
		if err == nil {
			_, _, err = k.Put(t.Context(), cloud.Caller{}, "db", text("again"), "", nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		k.sees(map[string]string{current: "again", previous: "new", pending: ""})
	})
}

// Without RotateImmediately, only the function is tested, with an empty version that exists
// no longer afterwards.
func TestRotateLater(t *testing.T) {
	for _, failure := range []string{"", "{}"} {
		inRotation(t, 1, func(k *rotationKit) {
			k.step = func(context.Context, string) string {
				if stages := k.secret().StagesOf(token); !slices.Equal(stages, []string{pending}) {
					t.Errorf("during the test: %q", stages)
				}
				k.sees(map[string]string{pending: ""})
				return failure
			}
			k.start(secretsmanager.RotateRequest{Later: true, Rules: &secretsmanager.Rules{Days: 1}})
			k.did("0s testSecret")
			if s := k.secret(); len(s.Versions) != 1 || len(s.Stages) != 1 || !s.Rotation.Enabled || !s.Rotation.Last.IsZero() {
				t.Errorf("after the test: %+v", s)
			}
			if failure != "" {
				k.noted("the test of the rotation failed", "")
			}
		})
	}
}

// CancelRotation ends a rotation between two steps. Rotate turns it on again, with the same
// function and rules.
func TestCancelRotation(t *testing.T) {
	inRotation(t, 1, func(k *rotationKit) {
		if _, _, err := k.CancelRotation("db"); cloud.ErrorCode(err) != "InvalidRequestException" {
			t.Errorf("before any rotation: %v", err)
		}
		k.step = func(_ context.Context, step string) string {
			if step == "setSecret" {
				if _, version, err := k.CancelRotation("db"); err != nil || version != token {
					t.Errorf("canceled %q, %v", version, err)
				}
			}
			return ""
		}
		k.start(secretsmanager.RotateRequest{Rules: &secretsmanager.Rules{Days: 1}})
		time.Sleep(100 * time.Hour)
		k.did("0s createSecret", "0s setSecret")
		k.sees(map[string]string{current: "old", pending: "new"})
		if _, ok := k.NextRotation(k.secret()); ok {
			t.Error("there is a next rotation")
		}
		if _, err := k.MoveStage("db", pending, token, ""); err != nil {
			t.Fatal(err)
		}
		k.step = nil
		if err := k.rotate(secretsmanager.RotateRequest{Token: another, Later: true}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		k.did("100h0m0s testSecret")
		if next, ok := k.NextRotation(k.secret()); !ok || next.Sub(k.began) != 144*time.Hour {
			t.Errorf("the next rotation is at most %v after the beginning", next.Sub(k.began))
		}
	})
}

// A rotation continues after a restart, with the same version and from its first step. One
// whose window has passed meanwhile begins at once.
func TestRotationSurvives(t *testing.T) {
	inRotation(t, 1, func(k *rotationKit) {
		k.step = func(ctx context.Context, step string) string {
			if step != "testSecret" {
				return ""
			}
			<-ctx.Done()
			return "{}"
		}
		k.start(secretsmanager.RotateRequest{Rules: &secretsmanager.Rules{Schedule: "cron(0 12 * * ? *)", Duration: "1h"}})
		k.did(steps("0s")[:3]...)
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		k.step = nil
		k.open()
		time.Sleep(time.Minute)
		k.did(steps("0s")...)
		k.sees(map[string]string{current: "new", previous: "old"})
		if k.last.ClientRequestToken != token {
			t.Errorf("rotated to version %s", k.last.ClientRequestToken)
		}

		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Hour)
		k.open()
		synctest.Wait()
		k.did(steps("20h1m0s")...)
		if next, _ := k.NextRotation(k.secret()); next.Sub(k.began) != 37*time.Hour {
			t.Errorf("the next rotation is at most %v after the beginning", next.Sub(k.began))
		}
	})
}

// A rotation that takes longer than until the next window delays that one. Both are for the
// same version.
func TestOneRotationAtATime(t *testing.T) {
	inRotation(t, 1, func(k *rotationKit) {
		running := 0
		k.step = func(_ context.Context, step string) string {
			k.mu.Lock()
			running++
			if running > 1 || k.last.ClientRequestToken != token {
				t.Errorf("%d at once, to version %s", running, k.last.ClientRequestToken)
			}
			k.mu.Unlock()
			if step == "createSecret" {
				time.Sleep(6 * time.Hour)
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			running--
			return ""
		}
		k.start(secretsmanager.RotateRequest{Rules: &secretsmanager.Rules{Schedule: "rate(4 hours)"}})
		time.Sleep(7 * time.Hour)
		k.did("0s createSecret", "6h0m0s setSecret", "6h0m0s testSecret", "6h0m0s finishSecret")
	})
}

// A secret that is deleted does not rotate.
func TestRotationOfDeletedSecret(t *testing.T) {
	for _, force := range []bool{false, true} {
		inRotation(t, 1, func(k *rotationKit) {
			k.start(secretsmanager.RotateRequest{Later: true, Rules: &secretsmanager.Rules{Days: 1}})
			k.did("0s testSecret")
			if _, err := k.Delete("db", nil, force); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Hour)
			k.did()
			if err := k.rotate(secretsmanager.RotateRequest{}); err == nil {
				t.Error("it rotates on request")
			}
		})
	}
}

func TestRotateRefusals(t *testing.T) {
	const invalid, denied = "InvalidParameterException: ", "AccessDeniedException: "
	rules := func(r secretsmanager.Rules) secretsmanager.RotateRequest {
		return secretsmanager.RotateRequest{Function: function, Rules: &r}
	}
	scheduled := func(s, duration string) secretsmanager.RotateRequest {
		return rules(secretsmanager.Rules{Schedule: s, Duration: duration})
	}
	nobody := func(in cloud.Invocation) error { return errors.New("no policy allows it") }
	admin := func(in cloud.Invocation) error {
		if in.Caller.Service != "" {
			return nil
		}
		return cloud.Errorf(403, "AccessDeniedException", "User: x is not authorized to perform: lambda:InvokeFunction")
	}
	for _, test := range []struct {
		request secretsmanager.RotateRequest
		allow   func(cloud.Invocation) error
		want    string
	}{
		{secretsmanager.RotateRequest{Token: "short"}, nil, invalid + "ClientRequestToken must be 32-64 characters long."},
		{secretsmanager.RotateRequest{}, nil, "InvalidRequestException: No Lambda rotation function ARN is associated with this secret."},
		{secretsmanager.RotateRequest{Function: "rotate"}, nil, invalid + `The RotationLambdaARN "rotate" must be the ARN of a Lambda function.`},
		{secretsmanager.RotateRequest{Function: function}, nobody, denied + "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com."},
		{secretsmanager.RotateRequest{Function: function}, admin, denied + "User: x is not authorized to perform: lambda:InvokeFunction"},
		{rules(secretsmanager.Rules{}), nil, invalid + "You must specify either AutomaticallyAfterDays or ScheduleExpression in RotationRules."},
		{rules(secretsmanager.Rules{Days: -1}), nil, "ValidationException: 1 validation error detected: Value '-1' at 'rotationRules.automaticallyAfterDays' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{rules(secretsmanager.Rules{Days: 1001}), nil, "ValidationException: 1 validation error detected: Value '1001' at"},
		{rules(secretsmanager.Rules{Days: 1, Schedule: "rate(1 day)"}), nil, invalid + "You cannot specify both rotation frequency and schedule expression together."},
		{rules(secretsmanager.Rules{Days: 1, Duration: "0h"}), nil, invalid + "Duration must be at least 1 hour, at most 24 hour."},
		{scheduled("rate(3 hours)", ""), nil, invalid + "Rate in hour should be least 4 and less than 24."},
		{scheduled("rate(24 hours)", ""), nil, invalid + "Rate in hour should be least 4 and less than 24."},
		{scheduled("rate(0 days)", ""), nil, invalid + "Rate in day should be greater than 0 and less than 1000."},
		{scheduled("rate(1000 days)", ""), nil, invalid + "Rate in day should be greater than 0 and less than 1000."},
		{scheduled("rate(240 minutes)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("rate(1 days)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("at(2030-01-01T00:00:00)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("cron(0 8 * * ?)", ""), nil, invalid + "Invalid schedule expression. (cron(0 8 * * ?): a cron expression has six fields)"},
		{scheduled("cron(30 8 * * ? *)", ""), nil, invalid + "Invalid schedule expression. (cron(30 8 * * ? *): the minutes must be 0,"},
		{scheduled("cron(0 8 * * ? 2030)", ""), nil, invalid + "Invalid schedule expression. (cron(0 8 * * ? 2030): the year must be *)"},
		{scheduled("cron(0 8 15W * ? *)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("cron(0 * * * ? *)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("cron(0 8-20 * * ? *)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("cron(0 0/3 * * ? *)", ""), nil, invalid + "Invalid schedule expression. (cron(0 0/3 * * ? *): a secret rotates at most every four hours)"},
		{scheduled("cron(0 24 * * ? *)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("cron(0 8 * * * *)", ""), nil, invalid + "Invalid schedule expression."},
		{scheduled("rate(4 hours)", "5h"), nil, invalid + "Duration cannot be greater than Rate in hour."},
		{scheduled("cron(0 0/8 * * ? *)", "9h"), nil, invalid + "Duration cannot be greater than Rate in hour."},
		{scheduled("cron(0 2/10 * * ? *)", "3h"), nil, invalid + "Starting hour and duration must be within a day."},
		{scheduled("cron(0 20 * * ? *)", "5h"), nil, invalid + "Starting hour and duration must be within a day."},
		{scheduled("rate(4 hours)", "4h"), nil, ""},
		{scheduled("rate(999 days)", "24h"), nil, ""},
		{rules(secretsmanager.Rules{Days: 1000}), nil, ""},
		{scheduled("cron(0 20 L * ? *)", "4h"), nil, ""},
		{scheduled("cron(0 17 ? * SUNL *)", ""), nil, ""},
		{scheduled("cron(0 0 ? 1/11 2#1 *)", ""), nil, ""},
	} {
		inRotation(t, 1, func(k *rotationKit) {
			k.allow = test.allow
			err := k.rotate(test.request)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("%+v %+v: %v, want %s", test.request, test.request.Rules, err, test.want)
			}
			if refused := k.secret().Rotation == (secretsmanager.Rotation{}); refused != (test.want != "") {
				t.Errorf("%+v: the rotation is %+v", test.request, k.secret().Rotation)
			}
		})
	}
}
