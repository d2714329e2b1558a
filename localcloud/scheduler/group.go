package scheduler

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// CreateGroup creates a group of schedules. A request with the token of an earlier one
// returns the group of that.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
func (s *Service) CreateGroup(name string, tags map[string]string, token string) (Group, error) {
	if err := cmp.Or(CheckGroupName(name), cloud.CheckOptional(token, CheckToken)); err != nil {
		return Group{}, err
	}
	if err := CheckTags(tags); err != nil {
		return Group{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, err := s.FindGroup(name); err == nil && old.Token != "" && old.Token == token {
		return old, nil
	} else if err == nil {
		return Group{}, refuse("ConflictException", "Schedule group %s already exists.", name)
	}
	now := time.Now().UTC()
	g := Group{ARN: s.GroupARN(name).String(), Name: name, Tags: tags, Token: token, Created: now, Modified: now}
	return g, s.groups.Put(name, g)
}

// FindGroup returns a group.
func (s *Service) FindGroup(name string) (Group, error) {
	if name == DefaultGroup {
		return Group{ARN: s.GroupARN(name).String(), Name: name}, nil
	}
	g, ok := s.groups.Get(name)
	if !ok {
		return Group{}, refuse("ResourceNotFoundException", "Schedule group %s does not exist.", name)
	}
	return g, nil
}

// Groups returns the groups whose names start with a prefix, sorted by name.
func (s *Service) Groups(prefix string) []Group {
	standard, _ := s.FindGroup(DefaultGroup)
	all := append(s.groups.All(), standard)
	all = slices.DeleteFunc(all, func(g Group) bool { return !strings.HasPrefix(g.Name, prefix) })
	slices.SortFunc(all, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// DeleteGroup deletes a group with its schedules. On AWS, this takes a while.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteScheduleGroup.html
func (s *Service) DeleteGroup(name string) error {
	if name == DefaultGroup {
		return refuse("ValidationException", "The default schedule group cannot be deleted.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.FindGroup(name); err != nil {
		return err
	}
	schedules, err := s.List(Filter{Group: name})
	if err != nil {
		return err
	}
	for _, schedule := range schedules {
		if err := s.clock.Stop(schedule.key(), s.schedules.Unset(schedule.key())); err != nil {
			return err
		}
	}
	return s.groups.Delete(name)
}

// GroupARN returns the ARN of a group.
func (s *Service) GroupARN(name string) cloud.ARN {
	return s.options.Place.ARN("scheduler", "schedule-group/"+name)
}

// Tags returns the tags of a group. Schedules have none.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListTagsForResource.html
func (s *Service) Tags(arn string) (map[string]string, error) {
	g, err := s.groupOf(arn)
	return g.Tags, err
}

// ChangeTags adds and removes tags of a group.
func (s *Service) ChangeTags(arn string, set map[string]string, remove []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.groupOf(arn)
	if err != nil {
		return err
	}
	if g.Name == DefaultGroup {
		return refuse("ValidationException", "The local cloud does not keep tags of the default schedule group.")
	}
	tags := maps.Clone(g.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, set)
	for _, key := range remove {
		delete(tags, key)
	}
	if err := CheckTags(tags); err != nil {
		return err
	}
	g.Tags, g.Modified = tags, time.Now().UTC()
	return s.groups.Put(g.Name, g)
}

func (s *Service) groupOf(arn string) (Group, error) {
	name, ok := strings.CutPrefix(arn, s.GroupARN("").String())
	if !ok {
		return Group{}, refuse("ValidationException", "%s is not the ARN of a schedule group.", arn)
	}
	return s.FindGroup(name)
}
