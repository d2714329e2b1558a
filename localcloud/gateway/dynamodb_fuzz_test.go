package gateway

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/iam"
)

// FuzzDynamoDB sends inputs to operations on tables and items. Each is answered, or refused
// as AWS does.
func FuzzDynamoDB(f *testing.F) {
	permissions := must(iam.New(here, nil))(f)
	administrator := cloud.Caller{ARN: here.GlobalARN("iam", "user/developer"), Administrator: true}
	operations := dynamoOperations()
	names := slices.Sorted(maps.Keys(operations))
	for _, path := range must(filepath.Glob("testdata/dynamodb/*.txt"))(f) {
		for line := range strings.Lines(string(must(os.ReadFile(path))(f))) {
			name, input, _ := strings.Cut(strings.TrimSpace(line), " ")
			if i := slices.Index(names, name); i >= 0 {
				f.Add(uint8(i), []byte(input))
			}
		}
	}
	f.Fuzz(func(t *testing.T, operation uint8, body []byte) {
		name := names[int(operation)%len(names)]
		k := &kit{}
		k.IAM = permissions
		k.DynamoDB = must(dynamodb.New(dynamodb.Options{Place: here, Authorizer: permissions}))(t)
		table := dynamodb.Table{Name: "Music", Attributes: map[string]attribute.Type{"Artist": attribute.S, "At": attribute.N}, Key: dynamodb.Schema{Hash: "Artist"},
			BillingMode: dynamodb.PayPerRequest, Global: []dynamodb.Index{{Name: "index", Key: dynamodb.Schema{Hash: "At"}, Projection: "ALL"}}}
		must(k.DynamoDB.CreateTable(table))(t)
		c := &call{gateway: &gateway{place: here, Services: k.Services, journal: k}, Request: httptest.NewRequest("POST", "/", nil), body: body, caller: administrator}
		result, err := operations[name].serve(c, func(into any) error { return decodeJSON(body, name, into) })
		if err != nil {
			if cloud.ErrorCode(err) == "" {
				t.Errorf("%s %s: %v", name, body, err)
			}
			return
		}
		if _, err := json.Marshal(result); err != nil {
			t.Errorf("%s %s: the output: %v", name, body, err)
		}
	})
}
