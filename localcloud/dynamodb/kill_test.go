package dynamodb_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
	"tally/localcloud/store"
)

const killDir = "TALLY_TEST_DYNAMODB_DIR" // set in the process that is killed

// No write that was acknowledged is lost by SIGKILL, no item that made a condition fail,
// and of a transaction both items are there or none. An index agrees with its table.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	known := map[string]bool{}
	for round := range 2 {
		untilKilled(t, dir, 300*(round+1), known)
		check(t, dir, known)
	}
}

// untilKilled runs TestKilled in a process of its own, and kills it after that number of
// acknowledgements.
func untilKilled(t *testing.T, dir string, acknowledged int, known map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	out := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, n := bufio.NewScanner(out), 0
	for lines.Scan() { // also what it wrote before it ended
		id, ok := strings.CutPrefix(lines.Text(), "known ")
		if !ok {
			t.Errorf("the process wrote: %s", lines.Text())
		}
		known[id] = true
		if n++; n == acknowledged {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if n < acknowledged {
		t.Fatalf("the process ended after %d acknowledgements", n)
	}
}

func check(t *testing.T, dir string, known map[string]bool) {
	t.Helper()
	st := must(store.Open(dir))(t)
	defer st.Close()
	s := newService(t, st)
	for id := range known {
		if get(t, s, id) == nil {
			t.Errorf("item %s is lost", id)
		}
	}
	pairs, byKind := map[string]int{}, 0
	in := dynamodb.ScanInput{TableName: "things"}
	for {
		out := must(s.Scan(t.Context(), developer, in))(t)
		for _, item := range *out.Items {
			if pair := item["pair"].S(); pair != "" {
				pairs[pair]++
			}
			if item["kind"].S() != "" {
				byKind++
			}
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			break
		}
	}
	for pair, n := range pairs {
		if n != 2 {
			t.Errorf("%d items of the transaction %s", n, pair)
		}
	}
	index := "by-kind"
	indexed := must(s.Scan(t.Context(), developer, dynamodb.ScanInput{TableName: "things", IndexName: &index, Select: "COUNT"}))(t)
	if d := must(s.Describe("things"))(t); indexed.Count != byKind || int(d.Indexes[index].Items) != byKind {
		t.Errorf("the index has %d items, counts %d, and the table has %d", indexed.Count, d.Indexes[index].Items, byKind)
	}
}

// TestKilled is the process that TestKill kills. It writes what its clients know to exist.
func TestKilled(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("runs only in TestKill")
	}
	st := must(store.Open(dir))(t)
	s := newService(t, st)
	table := things()
	table.Attributes["kind"] = attribute.S
	table.Global = []dynamodb.Index{{Name: "by-kind", Key: dynamodb.Schema{Hash: "kind"}, Projection: "KEYS_ONLY"}}
	if _, err := s.CreateTable(table); err != nil && cloud.ErrorCode(err) != "ResourceInUseException" {
		t.Fatal(err)
	}
	round := must(s.UpdateItem(t.Context(), developer, dynamodb.UpdateItemInput{TableName: "things", Key: thing("round"), UpdateExpression: text("ADD n :one"),
		ExpressionAttributeValues: expression.Values{":one": attribute.Int(1)}, ReturnValues: "ALL_NEW"}))(t).Attributes["n"].N().String()
	var out sync.Mutex
	know := func(id string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println("known " + id)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				// Two workers compete for each item.
				id := fmt.Sprintf("%s-%d-%d", round, worker/2, i)
				_, err := s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing(id, "kind", id), ConditionExpression: text("attribute_not_exists(id)")})
				if err != nil && cloud.ErrorCode(err) != "ConditionalCheckFailedException" {
					t.Error(err)
				}
				know(id)
				pair := fmt.Sprintf("%s-%d-%d", round, worker, i)
				_, err = s.TransactWriteItems(t.Context(), developer, dynamodb.TransactWriteItemsInput{TransactItems: []dynamodb.TransactWriteItem{
					{Put: &dynamodb.TransactPut{TableName: "things", Item: thing("a-"+pair, "pair", pair)}},
					{Put: &dynamodb.TransactPut{TableName: "things", Item: thing("b-"+pair, "pair", pair)}}}})
				if err != nil {
					t.Error(err)
				}
				know("a-" + pair)
			}
		})
	}
	wg.Wait()
}
