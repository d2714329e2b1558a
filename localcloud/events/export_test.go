package events

// Fill returns what a target with a template receives for an event.
func Fill(t Target, event string) string { return t.input(Rule{ARN: "arn", Name: "r"}, event) }
