package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"tally/internal/sum"
)

const (
	id   = "0a1b2c3d-0000-4000-8000-000000000001"
	week = 7 * 24 * time.Hour
)

var (
	three     = sum.Numbers{Num1: big.NewInt(3), Num2: big.NewInt(4)}
	other     = sum.Numbers{Num1: big.NewInt(4), Num2: big.NewInt(3)}
	nothing   = sum.Numbers{}
	errAccess = errors.New("AccessDeniedException: not allowed")
)

// step is one call and its outcome.
type step struct {
	call func(context.Context, *Table) (Entry, error)
	want string // the entry in JSON, or the error
}

func submit(n sum.Numbers, request string) func(context.Context, *Table) (Entry, error) {
	return func(ctx context.Context, t *Table) (Entry, error) { return t.Submit(ctx, id, n, request) }
}

func finish(n sum.Numbers) func(context.Context, *Table) (Entry, error) {
	return func(ctx context.Context, t *Table) (Entry, error) { return t.Finish(ctx, id, n) }
}

func fail(n sum.Numbers, reason string) func(context.Context, *Table) (Entry, error) {
	return func(ctx context.Context, t *Table) (Entry, error) { return t.Fail(ctx, id, n, reason) }
}

func get(ctx context.Context, t *Table) (Entry, error) { return t.Get(ctx, id) }

func wait(d time.Duration) func(context.Context, *Table) (Entry, error) {
	return func(context.Context, *Table) (Entry, error) {
		time.Sleep(d) // the bubble's time
		return Entry{}, nil
	}
}

// TestTable runs sequences of calls for the same ID.
func TestTable(t *testing.T) {
	const (
		pending    = `{"id":"` + id + `","status":"pending","num1":3,"num2":4}`
		done       = `{"id":"` + id + `","status":"done","num1":3,"num2":4,"sum":7}`
		failed     = `{"id":"` + id + `","status":"failed","num1":3,"num2":4,"reason":"late"}`
		bad        = `{"id":"` + id + `","status":"failed","reason":"bad"}`
		slept      = `{"id":"","status":""}`
		elseDone   = `{"id":"` + id + `","status":"done","num1":4,"num2":3,"sum":7}`
		elseFailed = `{"id":"` + id + `","status":"failed","num1":4,"num2":3,"reason":"late"}`
		notFound   = "there is no sum with this ID"
		conflict   = "id used for other numbers"
	)
	for name, steps := range map[string][]step{
		"nothing":                     {{get, notFound}},
		"submitted and done":          {{submit(three, "a"), pending}, {get, pending}, {finish(three), done}, {get, done}},
		"submitted twice":             {{submit(three, "a"), pending}, {submit(three, "a"), pending}, {get, pending}},
		"submitted again when done":   {{submit(three, "a"), pending}, {finish(three), done}, {submit(three, "a"), done}, {get, done}},
		"submitted again when failed": {{submit(three, "a"), pending}, {fail(three, "late"), failed}, {submit(three, "a"), failed}},
		"another request":             {{submit(three, "a"), pending}, {submit(other, "b"), conflict}, {get, pending}},
		"another request when done":   {{submit(three, "a"), pending}, {finish(three), done}, {submit(three, "b"), conflict}, {get, done}},
		"a message without request":   {{finish(three), done}, {get, done}, {submit(three, "a"), conflict}},
		"finished twice":              {{finish(three), done}, {finish(three), done}},
		"finished with others":        {{finish(three), done}, {finish(other), conflict}, {get, done}},
		"pending for others":          {{submit(three, "a"), pending}, {finish(other), conflict}, {get, pending}},
		"another second number":       {{submit(three, "a"), pending}, {finish(sum.Numbers{Num1: three.Num1, Num2: other.Num2}), conflict}, {get, pending}},
		"failed and done":             {{fail(three, "late"), failed}, {get, failed}, {finish(three), done}, {get, done}},
		"failed twice":                {{fail(three, "bad"), strings.Replace(failed, "late", "bad", 1)}, {fail(three, "late"), failed}},
		"failed when done":            {{finish(three), done}, {fail(three, "late"), done}, {get, done}},
		"failed with others":          {{submit(three, "a"), pending}, {fail(other, "late"), conflict}, {get, pending}},
		"failed with others when done": {
			{finish(three), done}, {fail(other, "late"), conflict}, {fail(nothing, "bad"), conflict}, {get, done},
		},
		"invalid": {{fail(nothing, "bad"), bad}, {get, bad}, {fail(nothing, "bad"), bad}},
		// A corrected message may use the ID of an invalid one.
		"invalid and corrected":       {{fail(nothing, "bad"), bad}, {finish(three), done}},
		"invalid for a submitted one": {{submit(three, "a"), pending}, {fail(nothing, "bad"), conflict}, {get, pending}},

		"not expired yet":            {{submit(three, "a"), pending}, {wait(week - time.Second), slept}, {get, pending}, {submit(other, "b"), conflict}},
		"expired":                    {{submit(three, "a"), pending}, {wait(week), slept}, {get, notFound}},
		"expired and used again":     {{finish(three), done}, {wait(week), slept}, {submit(other, "b"), strings.NewReplacer("done", "pending", `,"sum":7`, "").Replace(elseDone)}},
		"expired, finished again":    {{fail(three, "late"), failed}, {wait(week), slept}, {finish(other), elseDone}},
		"expired, failed now":        {{finish(three), done}, {wait(week), slept}, {fail(other, "late"), elseFailed}},
		"expired, invalid now":       {{finish(three), done}, {wait(week), slept}, {fail(nothing, "bad"), bad}},
		"a result is kept from then": {{submit(three, "a"), pending}, {wait(week - time.Second), slept}, {finish(three), done}, {wait(time.Hour), slept}, {get, done}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := New(&fakeClient{items: map[string]item{}}, "sums", week)
				for i, s := range steps {
					if got := outcome(s.call(t.Context(), table)); got != s.want {
						t.Errorf("step %d: got %s, want %s", i, got, s.want)
					}
				}
			})
		})
	}
}

// outcome returns an entry in JSON, or the error's text.
func outcome(e Entry, err error) string {
	if err != nil {
		return err.Error()
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// TestItems compares the stored attributes with those documented.
func TestItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &fakeClient{items: map[string]item{}}
		table := New(client, "sums", week)
		const now = 946684800 // where the bubble's time starts
		check := func(want item, _ Entry, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain(want), plain(client.items[id])); diff != "" {
				t.Error(diff)
			}
		}
		want := item{
			"id": stringValue(id), "status": stringValue("pending"), "num1": stringValue("3"), "num2": stringValue("4"),
			"request": stringValue("a"), "createdAt": number(now), "expiresAt": number(now + 7*86400),
		}
		e, err := table.Submit(t.Context(), id, three, "a")
		check(want, e, err)

		time.Sleep(time.Minute)
		want["status"], want["reason"] = stringValue("failed"), stringValue("late")
		want["finishedAt"], want["expiresAt"] = number(now+60), number(now+60+7*86400)
		e, err = table.Fail(t.Context(), id, three, "late")
		check(want, e, err)

		time.Sleep(time.Minute)
		want["status"], want["sum"] = stringValue("done"), stringValue("7")
		want["finishedAt"], want["expiresAt"] = number(now+120), number(now+120+7*86400)
		delete(want, "reason")
		e, err = table.Finish(t.Context(), id, three)
		check(want, e, err)
	})
}

// TestLongNumbers proves that all digits are stored.
func TestLongNumbers(t *testing.T) {
	long, _ := new(big.Int).SetString("-"+strings.Repeat("9", sum.MaxDigits), 10)
	table := New(&fakeClient{items: map[string]item{}}, "sums", week)
	got, err := table.Finish(t.Context(), id, sum.Numbers{Num1: long, Num2: long})
	if want := "-1" + strings.Repeat("9", sum.MaxDigits-1) + "8"; err != nil || got.Sum.String() != want || got.Num1.String() != long.String() {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestErrors proves that the errors of DynamoDB are returned with what failed.
func TestErrors(t *testing.T) {
	table := New(&fakeClient{err: errAccess}, "sums", week)
	for want, call := range map[string]func(context.Context, *Table) (Entry, error){
		"add the sum to the table":    submit(three, "a"),
		"update the sum in the table": finish(three),
		"get the sum from the table":  get,
	} {
		if _, err := call(t.Context(), table); !errors.Is(err, errAccess) || !strings.HasPrefix(err.Error(), want+": ") {
			t.Errorf("got %v, want %s: …", err, want)
		}
	}
}

func TestFromEnv(t *testing.T) {
	for _, test := range []struct {
		table, days string
		retention   time.Duration
		want        string // in the error
	}{
		{"", "", 0, "SUMS_TABLE is not set"},
		{"sums-1a2b3c4", "", 30 * 24 * time.Hour, ""},
		{"sums-1a2b3c4", "1", 24 * time.Hour, ""},
		{"sums-1a2b3c4", "0", 0, `SUMS_RETENTION_DAYS is "0"`},
		{"sums-1a2b3c4", "36501", 0, "from 1 to 36500"},
		{"sums-1a2b3c4", "week", 0, "must be a number of days"},
	} {
		t.Setenv("SUMS_TABLE", test.table)
		t.Setenv("SUMS_RETENTION_DAYS", test.days)
		got, err := FromEnv(aws.Config{})
		switch {
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%+v: got %v", test, err)
		case test.want == "" && (err != nil || got.name != test.table || got.retention != test.retention):
			t.Errorf("%+v: got %v, %v", test, got, err)
		}
	}
}

// plain returns the values of an item, with a # before numbers.
func plain(i item) map[string]string {
	values := map[string]string{}
	for name, value := range i {
		values[name] = text(value)
		if n, ok := value.(*types.AttributeValueMemberN); ok {
			values[name] = "#" + n.Value
		}
	}
	return values
}
