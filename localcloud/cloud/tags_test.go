package cloud_test

import (
	"fmt"
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

func TestCheckTags(t *testing.T) {
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	for name, c := range map[string]struct {
		tags map[string]string
		want string // "" for no error
	}{
		"none":         {nil, ""},
		"valid":        {map[string]string{"Owner: ü/1 =+-@_.": "", strings.Repeat("ü", 128): strings.Repeat("ü", 256)}, ""},
		"too many":     {many, "a resource can have at most 50 tags, not 51"},
		"no key":       {map[string]string{"": "v"}, `the tag key "" must be 1 to 128 characters long, not 0`},
		"long key":     {map[string]string{strings.Repeat("k", 129): "v"}, "must be 1 to 128 characters long, not 129"},
		"long value":   {map[string]string{"k": strings.Repeat("v", 257)}, `the value of the tag "k" must be at most 256 characters long, not 257`},
		"reserved":     {map[string]string{"AWS:k": "v"}, `the tag key "AWS:k" begins with aws:, which is reserved for AWS`},
		"character":    {map[string]string{"k": "a;b"}, `the tag "k" can contain only letters, digits, spaces and _ . : / = + - @`},
		"first of two": {map[string]string{"b": ";", "a": ";"}, `the tag "a" can contain only`},
	} {
		err := cloud.CheckTags(c.tags)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
