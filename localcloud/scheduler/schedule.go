package scheduler

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// Create creates a schedule for a caller, who must be allowed to use its key. A request with
// the token of an earlier one returns the schedule of that.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
func (s *Service) Create(ctx context.Context, caller cloud.Caller, schedule Schedule) (Schedule, error) {
	schedule = schedule.withDefaults()
	if err := schedule.check(time.Now()); err != nil {
		return Schedule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.FindGroup(schedule.Group); err != nil {
		return Schedule{}, err
	}
	if old, exists := s.schedules.Get(schedule.key()); exists && old.Token != "" && old.Token == schedule.Token {
		return old, nil
	} else if exists {
		return Schedule{}, refuse("ConflictException", "Schedule %s already exists.", schedule.Name)
	}
	schedule.Created, schedule.Creation = time.Now().UTC(), uuid.NewString()
	return s.put(ctx, caller, schedule)
}

// Update replaces all settings of a schedule, as AWS does: those that are missing get their
// defaults. A rate begins again.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
func (s *Service) Update(ctx context.Context, caller cloud.Caller, schedule Schedule) (Schedule, error) {
	schedule = schedule.withDefaults()
	if err := schedule.check(time.Now()); err != nil {
		return Schedule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.Find(schedule.Group, schedule.Name)
	if err != nil {
		return Schedule{}, err
	}
	schedule.Created, schedule.Creation, schedule.Token = old.Created, old.Creation, old.Token
	return s.put(ctx, caller, schedule)
}

// put checks what a schedule depends on, stores it and plans its next invocation.
func (s *Service) put(ctx context.Context, caller cloud.Caller, schedule Schedule) (Schedule, error) {
	schedule.ARN = s.ARN(schedule.Group, schedule.Name).String()
	schedule.Modified = time.Now().UTC()
	if err := s.checkRole(ctx, schedule); err != nil {
		return Schedule{}, err
	}
	if err := s.checkKey(ctx, caller, schedule); err != nil {
		return Schedule{}, err
	}
	key, change := schedule.key(), s.schedules.Set(schedule.key(), schedule)
	if schedule.State == Disabled {
		return schedule, s.clock.Stop(key, change)
	}
	return schedule, s.clock.Set(key, schedule.plan(), change)
}

// checkRole checks that the role trusts the service for schedules of the group. AWS does
// not check what the role permits.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
func (s *Service) checkRole(ctx context.Context, schedule Schedule) error {
	credentials, err := s.assume(ctx, schedule)
	if cloud.ErrorCode(err) == "AccessDenied" {
		return refuse("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
	}
	if err == nil {
		s.options.Roles.Revoke(credentials.AccessKeyID)
	}
	return err
}

// assume starts a session of the schedule's role.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
func (s *Service) assume(ctx context.Context, schedule Schedule) (cloud.Credentials, error) {
	role, err := cloud.ParseARN(schedule.Target.RoleARN)
	if err != nil {
		return cloud.Credentials{}, err
	}
	caller := cloud.Caller{Service: principal, SourceARN: s.GroupARN(schedule.Group)}
	return s.options.Roles.AssumeRole(ctx, caller, role, schedule.Name)
}

// checkKey checks that the caller may encrypt the schedule with its key.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
func (s *Service) checkKey(ctx context.Context, caller cloud.Caller, schedule Schedule) error {
	if schedule.KMSKeyARN == "" {
		return nil
	}
	return rewordKMS(s.options.Keys.EncryptWith(ctx, schedule.KMSKeyARN, caller, s.ARN(schedule.Group, schedule.Name)))
}

// rewordKMS returns an error of KMS as one of Scheduler.
func rewordKMS(err error) error {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return e.OfKMS("ValidationException")
	}
	return err
}

// Find returns a schedule.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
func (s *Service) Find(group, name string) (Schedule, error) {
	found, ok := s.schedules.Get(Schedule{Group: group, Name: name}.withDefaults().key())
	if !ok {
		return Schedule{}, refuse("ResourceNotFoundException", "Schedule %s does not exist.", name)
	}
	return found, nil
}

// Delete deletes a schedule. Its failed events are not retried: a schedule of that name that
// is created later receives none of them.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteSchedule.html
func (s *Service) Delete(group, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.Find(group, name)
	if err != nil {
		return err
	}
	return s.clock.Stop(found.key(), s.schedules.Unset(found.key()))
}

// Filter selects schedules. Empty members select all.
type Filter struct{ Group, NamePrefix, State string }

// List returns the schedules that a filter selects, sorted by group and name.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html
func (s *Service) List(f Filter) ([]Schedule, error) {
	if f.Group != "" {
		if _, err := s.FindGroup(f.Group); err != nil {
			return nil, err
		}
	}
	var all []Schedule
	for _, schedule := range s.schedules.All() {
		if (f.Group == "" || f.Group == schedule.Group) && (f.State == "" || f.State == schedule.State) && strings.HasPrefix(schedule.Name, f.NamePrefix) {
			all = append(all, schedule)
		}
	}
	return all, nil
}

// ARN returns the ARN of a schedule.
func (s *Service) ARN(group, name string) cloud.ARN {
	return s.options.Place.ARN("scheduler", "schedule/"+group+"/"+name)
}
