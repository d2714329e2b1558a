package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// tokenLife is how long a client's token identifies a transaction after it ended.
const tokenLife = 10 * time.Minute

// tokens holds the transactions that had a client's token.
type tokens struct {
	mu    sync.Mutex
	all   map[string]*tokenUse
	ended []*tokenUse // those that succeeded, in the order in which they ended
}

// tokenUse is a transaction with a token.
type tokenUse struct {
	token   string
	request [sha256.Size]byte
	done    chan struct{} // closed when it ended
	ended   time.Time
	out     TransactWriteItemsOutput
	err     error
}

func newTokens() *tokens { return &tokens{all: map[string]*tokenUse{}} }

// once runs a transaction unless one with the same token has succeeded, whose output it
// returns then. It fails with TransactionInProgressException while the other one runs, and
// with IdempotentParameterMismatchException if that was another request.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken
func (k *tokens) once(in TransactWriteItemsInput, run func() (TransactWriteItemsOutput, error)) (TransactWriteItemsOutput, error) {
	token := in.ClientRequestToken
	if token == "" {
		return run()
	}
	raw, err := json.Marshal(in.TransactItems)
	if err != nil {
		return TransactWriteItemsOutput{}, err
	}
	use := &tokenUse{token: token, request: sha256.Sum256(raw), done: make(chan struct{})}
	if other := k.claim(token, use); other != nil {
		return other.repeated(use.request)
	}
	use.out, use.err = run()
	k.mu.Lock()
	use.ended = time.Now()
	if use.err != nil { // the client may try again
		delete(k.all, token)
	} else {
		k.ended = append(k.ended, use)
	}
	k.mu.Unlock()
	close(use.done)
	return use.out, use.err
}

// claim stores the use of a token, or returns the one that is there.
func (k *tokens) claim(token string, use *tokenUse) *tokenUse {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.ended) > 0 && time.Since(k.ended[0].ended) > tokenLife {
		delete(k.all, k.ended[0].token)
		k.ended = k.ended[1:]
	}
	if other := k.all[token]; other != nil {
		return other
	}
	k.all[token] = use
	return nil
}

// repeated returns the output for a repetition of the request.
func (u *tokenUse) repeated(request [sha256.Size]byte) (TransactWriteItemsOutput, error) {
	if u.request != request {
		return TransactWriteItemsOutput{}, refusal("IdempotentParameterMismatchException",
			"The provided parameters do not match the previous request with the same client token")
	}
	select {
	case <-u.done:
		return u.out, u.err
	default:
		return TransactWriteItemsOutput{}, refusal("TransactionInProgressException", "The transaction with the given request token is already in progress")
	}
}
