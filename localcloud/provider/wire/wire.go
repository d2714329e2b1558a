// Package wire encodes the properties of resources for the Pulumi resource provider
// protocol. It supports what the provider's handshake accepts: secrets, unknown values,
// resource references and output values. Pulumi's own package for this needs libraries
// that make every start of the local cloud slower and larger.
//
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/property-values.json
package wire

// Strings that stand for unknown values in the protocol, by the type of the value.
const (
	unknownBool    = "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7"
	unknownNumber  = "3eeb2bf0-c639-47a8-9e75-3b44932eb421"
	unknownString  = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	unknownArray   = "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"
	unknownAsset   = "030794c1-ac77-496b-92df-f27374a8bd58"
	unknownArchive = "e48ece36-62e2-4504-bad9-02848725956a"
	unknownObject  = "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"
)
