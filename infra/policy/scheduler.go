package policy

const schedule = "aws:scheduler/schedule:Schedule"

var schedulerRules = []Rule{
	{
		Controls: []string{"TALLY.7"}, Title: "the events of schedules that cannot be delivered are stored",
		Types: []string{schedule}, Property: "target.deadLetterConfig",
		Check: require("target", "deadLetterConfig"),
	},
}
