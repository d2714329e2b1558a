package provider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"

	"tally/localcloud/provider/wire"
)

// into is a struct on the wire and the destination of its properties.
type into struct {
	raw *structpb.Struct
	m   *resource.PropertyMap
}

func decode(all ...into) error {
	for _, d := range all {
		m, err := wire.Decode(d.raw)
		if err != nil {
			return err
		}
		*d.m = m
	}
	return nil
}

// properties converts the values of a service to those of the engine; nil
// becomes null.
func properties(live map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(live)
}
