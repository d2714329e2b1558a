package sns_test

import (
	"sync"
	"testing"

	"tally/localcloud/sns"
	"tally/localcloud/store"
)

// BenchmarkDelivery publishes messages of 700 bytes from several publishers, and delivers
// each to one subscription, on disk.
func BenchmarkDelivery(b *testing.B) {
	for name, publishers := range map[string]int{"1": 1, "16": 16} {
		b.Run(name, func(b *testing.B) {
			st, err := store.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			var delivered sync.WaitGroup
			s, err := sns.New(sns.Options{
				Place: place, Store: st, Authorizer: authorizer(allow), Journal: silent{},
				Targets: map[string]sns.Target{"lambda": target(func(sns.Delivery) error { delivered.Done(); return nil })},
			})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			s.Start()
			if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function}); err != nil {
				b.Fatal(err)
			}
			m := sns.Message{Body: string(make([]byte, 700))}
			delivered.Add(b.N)
			b.SetParallelism(publishers)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Publish(b.Context(), developer(), numbers, m); err != nil {
						b.Error(err)
					}
				}
			})
			delivered.Wait()
		})
	}
}
