package cloudwatch

import (
	"encoding/json"
	"slices"
	"time"
)

// HistoryItem is one entry in the history of an alarm.
type HistoryItem struct {
	Alarm   string `json:",omitempty"`
	Time    time.Time
	Type    string // "ConfigurationUpdate", "StateUpdate" or "Action"
	Summary string
	Data    string // JSON; "" for none
}

// maxHistory is the number of recent history items that an alarm keeps. AWS keeps those
// of 30 days.
const maxHistory = 50

func (r *row) remember(items ...HistoryItem) {
	r.History = append(slices.Clone(r.History), items...)
	r.History = r.History[max(0, len(r.History)-maxHistory):]
}

// HistoryFilter selects history items. Empty fields select all.
type HistoryFilter struct {
	Alarm      string
	Type       string
	Start, End time.Time
	Ascending  bool // oldest first
}

// History returns the history items that a filter selects. The items of deleted alarms
// are gone.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
func (s *Service) History(f HistoryFilter) []HistoryItem {
	var found []HistoryItem
	for _, r := range s.alarms.All() {
		if f.Alarm != "" && f.Alarm != r.Alarm.Name {
			continue
		}
		for _, item := range r.History {
			if (f.Type == "" || f.Type == item.Type) && !item.Time.Before(f.Start) && (f.End.IsZero() || !item.Time.After(f.End)) {
				item.Alarm = r.Alarm.Name
				found = append(found, item)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b HistoryItem) int {
		if !f.Ascending {
			a, b = b, a
		}
		return a.Time.Compare(b.Time)
	})
	return found
}

// transition sets the state of an alarm that exists. It returns the change to announce,
// or nil. The caller holds alarmsMu.
func (s *Service) transition(name string, to State) (*change, error) {
	r, ok := s.alarms.Get(name)
	if !ok {
		return nil, nil
	}
	from := r.State
	now := time.Now().UTC()
	to.Set, to.Since = now, now
	if from.Value == to.Value {
		to.Since = from.Since
	}
	r.State = to
	if from.Value != to.Value {
		r.remember(HistoryItem{
			Time: now, Type: "StateUpdate", Summary: "Alarm updated from " + from.Value + " to " + to.Value, Data: stateUpdate(from, to),
		})
	}
	if err := s.alarms.Put(name, r); err != nil || from.Value == to.Value {
		return nil, err
	}
	return &change{r.Alarm, from, to}, nil
}

// stateUpdate returns the data of a history item about a change of the state.
func stateUpdate(from, to State) string {
	type state struct {
		Value  string          `json:"stateValue"`
		Reason string          `json:"stateReason"`
		Data   json.RawMessage `json:"stateReasonData,omitempty"`
	}
	raw, err := json.Marshal(struct {
		Version string `json:"version"`
		Old     state  `json:"oldState"`
		New     state  `json:"newState"`
	}{"1.0", state{from.Value, from.Reason, json.RawMessage(from.Data)}, state{to.Value, to.Reason, json.RawMessage(to.Data)}})
	if err != nil {
		return ""
	}
	return string(raw)
}

// checkJSON refuses the data of a state's reason if it is not JSON.
func checkJSON(data string) error {
	if data != "" && !json.Valid([]byte(data)) {
		return refusal("InvalidFormat", "StateReasonData is not valid JSON")
	}
	return nil
}
