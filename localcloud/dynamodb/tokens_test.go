package dynamodb

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Tokens are forgotten when their time is over, and those of failed transactions at once.
func TestTokensAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTokens()
		run := func(token string, err error) {
			k.once(TransactWriteItemsInput{ClientRequestToken: token}, func() (TransactWriteItemsOutput, error) { return TransactWriteItemsOutput{}, err })
		}
		for i := range 100 {
			run(fmt.Sprint(i), nil)
			run(fmt.Sprint("failed ", i), failure(i))
			time.Sleep(time.Second)
		}
		if len(k.all) != 100 || len(k.ended) != 100 {
			t.Errorf("%d tokens, %d of which ended", len(k.all), len(k.ended))
		}
		time.Sleep(tokenLife - 50*time.Second)
		run("last", nil)
		if len(k.all) != 51 || len(k.ended) != 51 {
			t.Errorf("later, %d tokens, %d of which ended", len(k.all), len(k.ended))
		}
	})
}

func failure(i int) error { return refusal("TransactionCanceledException", "%d", i) }
