package cloudwatch

import "tally/localcloud/cloud"

// announce reports a change of an alarm's state in the journal.
func (s *Service) announce(a Alarm, from, to State) {
	level := cloud.Info
	if to.Value == StateAlarm {
		level = cloud.Warning
	}
	s.note(level, a.Name, "%s, was %s: %s", to.Value, from.Value, to.Reason)
}
