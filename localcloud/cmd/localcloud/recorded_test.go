package main

import (
	"strings"
	"testing"

	"tally/localcloud/control"
)

func TestPrintRecorded(t *testing.T) {
	var b strings.Builder
	printRecorded(&b, []control.Recorded{
		{Type: "aws:sns/topic:Topic", ID: "one", Properties: []string{"signatureVersion", "kmsMasterKeyId"}},
		{Type: "aws:kms/key:Key", ID: "a"},
		{Type: "aws:sns/topic:Topic", ID: "two", Properties: []string{"kmsMasterKeyId"}},
		{Type: "aws:kms/key:Key", ID: "b"},
	})
	want := "recorded\taws:kms/key:Key\t2 without effect here\n" +
		"recorded\taws:sns/topic:Topic\t2 with properties without effect here: kmsMasterKeyId, signatureVersion\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
