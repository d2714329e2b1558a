package lambda

import "testing"

// FuzzParseARN checks that the fast way to split an ARN accepts only what AWS's pattern
// accepts, and splits it in the same way.
func FuzzParseARN(f *testing.F) {
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:"
	for _, function := range []string{
		arn + "add", arn + "add:$LATEST", arn + "add:live", arn + "add:", arn, "add", arn + "a b", arn + "add:1:2",
		"arn:aws:lambda:us-gov-west-1:000000000000:function:add", "arn:aws:lambda:us-east-1:1:function:add",
		"arn:aws:lambda:us-east-1:000000000000:layer:add", "arn:aws:lambda:us-east-1-:000000000000:function:add",
	} {
		f.Add(function)
	}
	f.Fuzz(func(t *testing.T, function string) {
		fast, ok := parseARN(function)
		if !ok {
			return
		}
		m := functionName().FindStringSubmatch(function)
		if m == nil {
			t.Fatalf("%q is accepted", function)
		}
		if want := (parts{fast.region + ":", fast.account + ":", m[3], m[4]}); want != (parts{m[1], m[2], fast.name, fast.qualifier}) {
			t.Errorf("%q is split into %+v", function, fast)
		}
	})
}

func BenchmarkParseName(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseName("arn:aws:lambda:us-east-1:000000000000:function:tally-local-main-add-numbers-f53866b:live", ""); err != nil {
			b.Fatal(err)
		}
	}
}
