package gateway

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"tally/localcloud/cloud"
)

// rpcCBOR is the Smithy RPC v2 CBOR protocol: the path names the operation, and input
// and result are CBOR maps.
//
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
type rpcCBOR struct {
	service string // in the path: "GraniteServiceVersion20100801"
}

const (
	rpcHeader = "Smithy-Protocol"
	rpcName   = "rpc-v2-cbor"
)

func (rpcCBOR) String() string { return "Smithy RPC v2 CBOR" }

func (rpcCBOR) speaks(r *http.Request) bool { return r.Header.Get(rpcHeader) == rpcName }

func (p rpcCBOR) parse(c *call) (string, decoder, error) {
	name, ok := strings.CutPrefix(c.URL.Path, "/service/"+p.service+"/operation/")
	if _, known := c.service.operations[name]; !ok || !known {
		return "", nil, cloud.Errorf(http.StatusNotFound, "UnknownOperationException", "Unknown operation %s; the local cloud serves %s of %s",
			c.URL.Path, c.service.operations.names(), p.service)
	}
	return name, func(into any) error { return decodeCBOR(c.body, name, into) }, nil
}

// mapsOfText decodes CBOR maps into maps with text keys.
var mapsOfText = func() cbor.DecMode {
	mode, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	if err != nil {
		panic(err) // the options are constant
	}
	return mode
}()

// decodeCBOR decodes a map into the struct that into points to, by the rules of
// decodeJSON.
func decodeCBOR(body []byte, operation string, into any) error {
	var input any = map[string]any{}
	if len(body) > 0 {
		if err := mapsOfText.Unmarshal(body, &input); err != nil {
			return cloud.Errorf(http.StatusBadRequest, "SerializationException", "The body is not a CBOR map: %v", err)
		}
	}
	raw, err := json.Marshal(input)
	if err != nil { // infinity, NaN
		return cloud.Errorf(http.StatusBadRequest, "SerializationException", "The body has a value that is not accepted: %v", err)
	}
	return decodeJSON(raw, operation, into)
}

func (p rpcCBOR) encode(_ string, result any, _ string) (response, error) {
	return cborResponse(http.StatusOK, result)
}

func (p rpcCBOR) refuse(e *cloud.Error, _ string) response {
	res, _ := cborResponse(e.HTTPStatus(), map[string]string{"__type": jsonCode(e.Code), "message": e.Message}) // encoding strings cannot fail
	return res
}

func cborResponse(status int, v any) (response, error) {
	body, err := cbor.Marshal(v)
	return response{status, http.Header{"Content-Type": {"application/cbor"}, rpcHeader: {rpcName}}, body}, err
}
