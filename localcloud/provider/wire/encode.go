package wire

import (
	"fmt"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"google.golang.org/protobuf/types/known/structpb"
)

// Encode returns properties as the engine expects them. It returns an error for strings
// that are not UTF-8, and for output values, which Decode never returns.
func Encode(m resource.PropertyMap) (*structpb.Struct, error) {
	fields := make(map[string]*structpb.Value, len(m))
	for _, key := range m.StableKeys() {
		v, err := encodeValue(string(key), m[key])
		if err != nil {
			return nil, err
		}
		fields[string(key)] = v
	}
	return &structpb.Struct{Fields: fields}, nil
}

// encodeValue encodes the value of a property, or an element of it.
func encodeValue(key string, v resource.PropertyValue) (*structpb.Value, error) {
	switch x := v.V.(type) {
	case nil:
		return structpb.NewNullValue(), nil
	case bool:
		return structpb.NewBoolValue(x), nil
	case float64:
		return structpb.NewNumberValue(x), nil
	case string:
		if !utf8.ValidString(x) {
			return nil, fmt.Errorf("the property %q is a string that is not valid UTF-8", key)
		}
		return structpb.NewStringValue(x), nil
	case []resource.PropertyValue:
		return encodeList(key, x)
	case resource.PropertyMap:
		return encodeObject(x)
	case resource.Computed:
		return encodeUnknown(key, x.Element)
	case *resource.Secret:
		return encodeObject(signed(sig.Secret, resource.PropertyMap{"value": x.Element}))
	case resource.ResourceReference:
		return encodeReference(x)
	case *asset.Asset:
		return encodeObject(resource.NewPropertyMapFromMap(x.Serialize()))
	case *archive.Archive:
		return encodeObject(resource.NewPropertyMapFromMap(x.Serialize()))
	}
	return nil, fmt.Errorf("the property %q is of type %s, which cannot be encoded", key, v.TypeString())
}

func encodeList(key string, list []resource.PropertyValue) (*structpb.Value, error) {
	values := make([]*structpb.Value, len(list))
	for i, e := range list {
		v, err := encodeValue(key, e)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return structpb.NewListValue(&structpb.ListValue{Values: values}), nil
}

func encodeObject(m resource.PropertyMap) (*structpb.Value, error) {
	s, err := Encode(m)
	if err != nil {
		return nil, err
	}
	return structpb.NewStructValue(s), nil
}

// signed adds the signature that says what an object stands for.
func signed(signature string, m resource.PropertyMap) resource.PropertyMap {
	m[sig.Key] = resource.NewProperty(signature)
	return m
}

// encodeUnknown encodes an unknown value of the element's type. One whose type is
// unknown, too, becomes null.
func encodeUnknown(key string, element resource.PropertyValue) (*structpb.Value, error) {
	switch x := element.V.(type) {
	case nil:
		return structpb.NewNullValue(), nil
	case bool:
		return structpb.NewStringValue(unknownBool), nil
	case float64:
		return structpb.NewStringValue(unknownNumber), nil
	case string:
		return structpb.NewStringValue(unknownString), nil
	case []resource.PropertyValue:
		return structpb.NewStringValue(unknownArray), nil
	case *asset.Asset:
		return structpb.NewStringValue(unknownAsset), nil
	case *archive.Archive:
		return structpb.NewStringValue(unknownArchive), nil
	case resource.PropertyMap:
		return structpb.NewStringValue(unknownObject), nil
	case resource.Computed:
		return encodeUnknown(key, x.Element)
	}
	return nil, fmt.Errorf("the property %q is an unknown value of type %s, which cannot be encoded", key, element.TypeString())
}

func encodeReference(r resource.ResourceReference) (*structpb.Value, error) {
	m := signed(sig.ResourceReference, resource.PropertyMap{"urn": resource.NewProperty(string(r.URN))})
	for key, s := range map[resource.PropertyKey]string{"name": r.Name, "type": r.Type, "packageVersion": r.PackageVersion} {
		if s != "" {
			m[key] = resource.NewProperty(s)
		}
	}
	if id, ok := r.IDString(); ok { // "" if it is unknown
		m["id"] = resource.NewProperty(id)
	}
	return encodeObject(m)
}
