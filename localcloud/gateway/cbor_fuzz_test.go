package gateway

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// FuzzDecodeCBOR decodes any bytes, which must not panic, and a document in both CBOR and
// JSON, which must give the same.
func FuzzDecodeCBOR(f *testing.F) {
	f.Add([]byte(`{"Name":"a","Values":[1,2.5],"Inner":{"Flag":true}}`))
	f.Add([]byte(`{"name":1}`))
	f.Add([]byte{0xbf, 0x61, 0x61, 0xf6, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		type input struct {
			Name   string
			Values []float64
			Inner  struct{ Flag *bool }
		}
		var any input
		_ = decodeCBOR(raw, "Op", &any)
		var document map[string]interface{}
		if json.Unmarshal(raw, &document) != nil || document == nil {
			return
		}
		normal, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		binary, err := cbor.Marshal(document)
		if err != nil {
			return
		}
		var one, other input
		errJSON, errCBOR := decodeJSON(normal, "Op", &one), decodeCBOR(binary, "Op", &other)
		if (errJSON == nil) != (errCBOR == nil) || errJSON == nil && !reflect.DeepEqual(one, other) {
			t.Errorf("%s: JSON %+v %v, CBOR %+v %v", normal, one, errJSON, other, errCBOR)
		}
	})
}
