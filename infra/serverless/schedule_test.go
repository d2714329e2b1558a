package serverless

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scheduled declares a schedule "hourly" of the function f.
func scheduled(args ScheduleArgs) (*cloud, error) {
	return withFunction(func(env *Environment, f *Function) error {
		args.Function = f
		_, err := NewSchedule(env, "hourly", &args)
		return err
	})
}

func TestScheduleDefaults(t *testing.T) {
	c, err := scheduled(ScheduleArgs{Expression: "rate(1 hour)"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"groupName":                  "e-hourly",
		"scheduleExpression":         "rate(1 hour)",
		"scheduleExpressionTimezone": "UTC",
		"flexibleTimeWindow":         map[string]any{"mode": "OFF"},
		"target": map[string]any{
			"arn":              "arn:aws:service:r:a:e-f", // of the alias
			"roleArn":          "arn:aws:service:r:a:e-hourly-schedule",
			"deadLetterConfig": map[string]any{"arn": "arn:aws:service:r:a:e-hourly-redrive"},
			"retryPolicy":      map[string]any{"maximumRetryAttempts": 185.0, "maximumEventAgeInSeconds": 3600.0},
		},
	}
	if diff := cmp.Diff(want, c.inputs(t, "aws:scheduler/schedule:Schedule e-hourly")); diff != "" {
		t.Error(diff)
	}
}

// TestScheduleRole proves that only EventBridge Scheduler may assume the role, for the
// schedule's group, and that the role may do nothing but what the schedule needs.
func TestScheduleRole(t *testing.T) {
	for name, test := range map[string]struct {
		args EnvironmentArgs
		key  string // of the policy and the schedule
	}{
		"a key of AWS's": {},
		"the environment's key": {EnvironmentArgs{CustomerKey: true},
			`,{"Action":["kms:Decrypt","kms:GenerateDataKey"],"Effect":"Allow","Resource":["arn:aws:service:r:a:e-key"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := within(test.args, everything)
			if err != nil {
				t.Fatal(err)
			}
			const trust = `{"Statement":[{"Action":["sts:AssumeRole"],` +
				`"Condition":{"StringEquals":{"aws:SourceAccount":"a","aws:SourceArn":"arn:aws:service:r:a:e-hourly"}},` +
				`"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"}}],"Version":"2012-10-17"}`
			if got := c.inputs(t, "aws:iam/role:Role e-hourly-schedule")["assumeRolePolicy"]; got != trust {
				t.Errorf("the trust policy is %s, want %s", got, trust)
			}
			allowed := `{"Statement":[{"Action":["lambda:InvokeFunction"],"Effect":"Allow","Resource":["arn:aws:service:r:a:e-f"]},` +
				`{"Action":["sqs:SendMessage"],"Effect":"Allow","Resource":["arn:aws:service:r:a:e-hourly-redrive"]}` + test.key + `],"Version":"2012-10-17"}`
			if got := c.inputs(t, "aws:iam/rolePolicy:RolePolicy e-hourly")["policy"]; got != allowed {
				t.Errorf("the policy is %s, want %s", got, allowed)
			}
			if got, _ := c.inputs(t, "aws:sqs/queuePolicy:QueuePolicy e-hourly-redrive")["policy"].(string); !strings.Contains(got,
				`"Principal":{"AWS":"arn:aws:service:r:a:e-hourly-schedule"},"Resource":["arn:aws:service:r:a:e-hourly-redrive"],"Sid":"OneSender"`) {
				t.Errorf("the role may not send to the queue: %s", got)
			}
			if got := c.inputs(t, "aws:scheduler/schedule:Schedule e-hourly")["kmsKeyArn"]; (got == "arn:aws:service:r:a:e-key") != (test.key != "") {
				t.Errorf("the schedule's key is %v", got)
			}
		})
	}
}

func TestScheduleInput(t *testing.T) {
	c, err := scheduled(ScheduleArgs{
		Expression: "cron(30 9 ? * MON-FRI *)", Timezone: "Europe/Rome",
		Input: pulumi.Map{"at": pulumi.String("<aws.scheduler.scheduled-time>")}, Retries: pulumi.Int(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := c.inputs(t, "aws:scheduler/schedule:Schedule e-hourly")
	target, _ := got["target"].(map[string]any)
	retries, _ := target["retryPolicy"].(map[string]any)
	if target["input"] != `{"at":"<aws.scheduler.scheduled-time>"}` || got["scheduleExpressionTimezone"] != "Europe/Rome" || retries["maximumRetryAttempts"] != 0.0 {
		t.Errorf("got %v", got)
	}
}

// TestScheduleRefuses proves that a schedule that AWS would refuse fails before anything
// is deployed.
func TestScheduleRefuses(t *testing.T) {
	for _, test := range []struct {
		args ScheduleArgs
		want string
	}{
		{ScheduleArgs{}, `schedule hourly: Expression "": it must be rate(…), cron(…) or at(…)`},
		{ScheduleArgs{Expression: "rate(1 hour)", Timezone: "Europe/Atlantis"}, `schedule hourly: Timezone must be the name of a time zone, such as Europe/Rome, not "Europe/Atlantis"`},
		{ScheduleArgs{Expression: "rate(1 hour)", Timezone: "Local"}, `schedule hourly: Timezone must be`},
		{ScheduleArgs{Expression: "rate(1 hour)", Retries: pulumi.Int(186)}, "schedule hourly: Retries must be a whole number from 0 to 185, not 186"},
		{ScheduleArgs{Expression: "rate(1 hour)", MaxEventAgeSeconds: pulumi.Int(59)}, "schedule hourly: MaxEventAgeSeconds must be a whole number from 60 to 86400, not 59"},
		{ScheduleArgs{Expression: "cron(0 9 ? *)"}, `schedule hourly: Expression "cron(0 9 ? *)": a cron expression has the fields minute`},
		{ScheduleArgs{Expression: "cron(0 24 ? * MON *)"}, `schedule hourly: Expression "cron(0 24 ? * MON *)": "24" is not valid for the hour`},
	} {
		if _, err := scheduled(test.args); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	_, err := withFunction(func(env *Environment, _ *Function) error {
		_, err := NewSchedule(env, "hourly", nil)
		return err
	})
	if want := "schedule hourly: Function is required"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = withFunction(func(env *Environment, _ *Function) error {
		_, err := NewSchedule(env, "hourly", &ScheduleArgs{Expression: "rate(1 hour)", Function: &Function{env: &Environment{name: "other"}}})
		return err
	})
	if want := "schedule hourly: the schedule is in the environment e and the function in other"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCheckExpression(t *testing.T) {
	for _, valid := range []string{
		"rate(1 minute)", "rate(5 minutes)", "rate(24 hours)", "rate(1 day)", "rate(1 days)", "cron(0 9 ? * MON)",
		"at(2027-01-31T09:30:00)", "at(2028-02-29T00:00:00)",
		"cron(15 10 * * ? *)", "cron(0/5 8-17 ? * MON-FRI *)", "cron(0 9 L * ? *)", "cron(0 9 15W * ? *)", "cron(15 10 ? * 6L 2026-2028)",
		"cron(0 9 ? * 3#2 *)", "cron(0 9 ? * 3#5 *)", "cron(0 9 ? * L *)", "cron(0,30 9,12 1,15 JAN,JUL ? 2027)", "cron(*/10 * ? * 1-7 *)", "cron(0/30 20-2 ? * MON-FRI *)",
	} {
		if err := checkExpression(valid); err != nil {
			t.Errorf("%s: %v", valid, err)
		}
	}
	for _, invalid := range []string{
		"", "rate", "rate(1 hour", "rate(1 hour) ", " rate(1 hour)", "Rate(1 hour)", "rate()", "rate(0 minutes)", "rate(-1 minutes)", "rate(2 hour)", "cron(0 9 ? *)", "cron(0 9 * * *)", "cron(0 9 ? * MON )", "cron(0 9 ? * MON * *)",
		"rate(01 hour)", "rate(10 seconds)", "rate( 10 minutes )", "rate(1 week)", "rate(1.5 hours)", "rate(1000000000 days)",
		"at(2027-01-31)", "at(2027-01-31T09:30:00Z)", "at(2027-02-29T00:00:00)", "at(2027-01-31T09:30:00.5)", "at(2027-01-31 09:30:00)",
		"cron()", "cron(0 9 * * * *)", "cron(0 9 ? * ? *)", "cron(0 9 1 * MON *)", "cron(60 9 ? * * *)", "cron(0 24 ? * * *)", "cron(0 9 0 * ? *)", "cron(0 9 32 * ? *)",
		"cron(0 9 1 13 ? *)", "cron(0 9 ? * 8 *)", "cron(0 9 ? * 0 *)", "cron(0 9 1 * ? 1969)", "cron(0 9 1 * ? 2200)", "cron(0 9 1 * ? 2028-2027)", "cron(0 9 ? * MON-FRI/2 *)", "cron(0/0 9 1 * ? *)",
		"cron(/5 9 1 * ? *)", "cron(0 9 1, * ? *)", "cron(0 9 1-2-3 * ? *)", "cron(0 9 W * ? *)", "cron(0 9 LW * ? *)", "cron(0 9 1W,2W * ? *)", "cron(0 9 ? * 3#6 *)",
		"cron(0 9 ? * 3#0 *)", "cron(0 9 ? * #1 *)", "cron(0 9 ? * TUE#1 *)", "cron(0 9 ? * FRIL *)", "cron(0 9 32W * ? *)", "cron(0 9 ? * 8L *)", "cron(0 9 ? * 8#1 *)", "cron(0 9 ? * 3#1,6#3 *)", "cron(0 9 ? * MONDAY *)", "cron(0 9 ? * UNM *)", "cron(0 9 ? * mon *)", "cron(0  9 ? * MON *)",
		"cron(0 9 ? FEB? MON *)", "cron(L 9 ? * MON *)", "cron(? 9 ? * MON *)", "cron(0 9 ? * MON ?)", "cron(+1 9 ? * MON *)", "cron(0 9 ? * MON 02027)",
	} {
		if err := checkExpression(invalid); err == nil {
			t.Errorf("%s is valid", invalid)
		}
	}
}

// FuzzCheckExpression proves that no expression makes the check panic, and that a valid
// one has a kind and balanced parentheses.
func FuzzCheckExpression(f *testing.F) {
	for _, seed := range []string{"rate(5 minutes)", "at(2027-01-31T09:30:00)", "cron(0/5 8-17 ? JAN 2#2 2027)", "cron(0 9 15W * ? *)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		if checkExpression(expression) == nil && (strings.Count(expression, "(") != 1 || !strings.HasSuffix(expression, ")")) {
			t.Errorf("%q is valid", expression)
		}
	})
}
