package test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// badInputs are forty inputs that are not two integers, each with the field
// that its error must name, or "" for the input as a whole.
var badInputs = []struct{ input, field string }{
	{``, ""},
	{`null`, ""},
	{`true`, ""},
	{`7`, ""},
	{`"3 and 4"`, ""},
	{`[3,4]`, ""},
	{`{"num1":3,"num2":4`, ""},
	{`{"num1":3,"num2":4}}`, ""},
	{`{"num1":3,"num2":4} {"num1":3,"num2":4}`, ""},
	{`{num1:3,num2:4}`, ""},
	{`{"num1":03,"num2":4}`, ""},
	{`{"num1":+3,"num2":4}`, ""},
	{`{"num1":0x3,"num2":4}`, ""},
	{`{"num1":NaN,"num2":4}`, ""},
	{`num1=3&num2=4`, ""},
	{`{}`, "num1"},
	{`{"num1":3}`, "num2"},
	{`{"num1":3,"num2":4,"num3":5}`, "num3"},
	{`{"NUM1":3,"num2":4}`, "num1"},
	{`{"num1":3,"num1":3,"num2":4}`, "num1"},
	{`{"num1":3.5,"num2":4}`, "num1"},
	{`{"num1":3.0,"num2":4}`, "num1"},
	{`{"num1":3e0,"num2":4}`, "num1"},
	{`{"num1":1e999999999,"num2":4}`, "num1"},
	{`{"num1":3,"num2":null}`, "num2"},
	{`{"num1":3,"num2":false}`, "num2"},
	{`{"num1":3,"num2":[4]}`, "num2"},
	{`{"num1":3,"num2":{"value":4}}`, "num2"},
	{`{"num1":"","num2":4}`, "num1"},
	{`{"num1":"   ","num2":4}`, "num1"},
	{`{"num1":"three","num2":4}`, "num1"},
	{`{"num1":"3.5","num2":4}`, "num1"},
	{`{"num1":"-","num2":4}`, "num1"},
	{`{"num1":"+-3","num2":4}`, "num1"},
	{`{"num1":"3 3","num2":4}`, "num1"},
	{`{"num1":"_3","num2":4}`, "num1"},
	{`{"num1":"3__3","num2":4}`, "num1"},
	{`{"num1":"0x3","num2":4}`, "num1"},
	{`{"num1":"∞","num2":4}`, "num1"},
	{`{"num1":"` + strings.Repeat("9", 4301) + `","num2":4}`, "num1"},
}

// refusesBadInput proves that the deployed stack refuses every bad input over
// HTTP and over SNS with an error that names the field, and still accepts good
// input.
func (d deployed) refusesBadInput(ctx context.Context) {
	for _, bad := range badInputs {
		d.t.Run(shorten(bad.input), func(t *testing.T) {
			resp, err := http.Post(d.out["apiUrl"]+"add", "application/json", strings.NewReader(bad.input))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusBadRequest || kind != "application/problem+json" {
				t.Fatalf("%s, %s: %s", resp.Status, kind, body)
			}
			var problem struct {
				Status int
				Errors []struct{ Field, Detail string }
			}
			if err := json.Unmarshal(body, &problem); err != nil {
				t.Fatal(err)
			}
			for _, e := range problem.Errors {
				if e.Field == bad.field && e.Detail != "" {
					return
				}
			}
			t.Errorf("no error names %q: %s", bad.field, body)
		})
	}
	ids := map[string]string{}
	for _, bad := range badInputs {
		if bad.input != "" { // SNS itself refuses an empty message
			ids[d.publish(ctx, bad.input)] = bad.field
		}
	}
	d.adds(ctx)
	for id, field := range ids {
		d.cloud.WaitForLog(ctx, "handle-message", id, `"level":"ERROR"`, field)
	}
}

// shorten returns the start of an input as the name of a subtest.
func shorten(input string) string {
	if len(input) > 40 {
		return input[:40] + "…"
	}
	return input
}
