package cloud_test

import (
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

func TestViolations(t *testing.T) {
	one := cloud.Violation("f%d", "name", "Member must have length greater than or equal to %d", 3)
	for want, err := range map[string]error{
		"C: 1 validation error detected: Value 'f%d' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 3":                                                                              cloud.Violations("C", one),
		"C: 2 validation errors detected: Value 'f%d' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 3; Value null at 'type' failed to satisfy constraint: Member must not be null": cloud.Violations("C", one, cloud.Violation(nil, "type", "Member must not be null")),
		"C: 1 validation error detected: Value at 'secret' failed to satisfy constraint: Member must be short":                                                                                                                cloud.Violated("C", cloud.Hidden, "secret", "Member must be short"),
		"C: 1 validation error detected: Value '0' at 'n' failed to satisfy constraint: Member must have value greater than or equal to 1":                                                                                    cloud.CheckRange("C", "n", 0, 1, 3),
		"C: 1 validation error detected: Value '4' at 'n' failed to satisfy constraint: Member must have value less than or equal to 3":                                                                                       cloud.CheckRange("C", "n", 4, 1, 3),
		"C: 1 validation error detected: Value '" + strings.Repeat("é", 20) + "…' at 'description' failed to satisfy constraint: Member must have length less than or equal to 512":                                           cloud.CheckText("C", "description", strings.Repeat("é", 513), 512),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for _, n := range []int{1, 3} {
		if err := cloud.CheckRange("C", "n", n, 1, 3); err != nil {
			t.Error(err)
		}
	}
	if err := cloud.CheckText("C", "description", strings.Repeat("é", 512), 512); err != nil {
		t.Error(err)
	}
}
