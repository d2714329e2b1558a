package dynamodb_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"tally/localcloud/dynamodb"
	"tally/localcloud/store"
)

func onDisk(b *testing.B) *dynamodb.Service {
	b.Helper()
	st := must(store.Open(b.TempDir()))(b)
	b.Cleanup(func() { st.Close() })
	s := newService(b, st)
	must(s.CreateTable(things()))(b)
	return s
}

func inParallel(b *testing.B, goroutines int, do func(i int) error) {
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for j := i; j < b.N; j += goroutines {
				if err := do(j); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkPutItem(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			s := onDisk(b)
			b.ResetTimer()
			inParallel(b, clients, func(i int) error {
				_, err := s.PutItem(b.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing(fmt.Sprint(i), "text", strings.Repeat("x", 200)),
					ConditionExpression: text("attribute_not_exists(id)")})
				return err
			})
		})
	}
}

func BenchmarkGetItem(b *testing.B) {
	s := onDisk(b)
	for i := range 1000 {
		put(b, s, thing(fmt.Sprint(i), "text", strings.Repeat("x", 200)))
	}
	consistent := true
	b.ResetTimer()
	for i := range b.N {
		if _, err := s.GetItem(b.Context(), developer, dynamodb.GetItemInput{TableName: "things", Key: thing(fmt.Sprint(i % 1000)), ConsistentRead: &consistent}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	s := onDisk(b)
	for i := range 1000 {
		put(b, s, thing(fmt.Sprint(i), "text", strings.Repeat("x", 200)))
	}
	limit := 100
	b.ResetTimer()
	for range b.N {
		if _, err := s.Scan(b.Context(), developer, dynamodb.ScanInput{TableName: "things", Limit: &limit}); err != nil {
			b.Fatal(err)
		}
	}
}
