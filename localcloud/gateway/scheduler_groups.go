package gateway

import "tally/localcloud/scheduler"

type (
	scheduleGroupInput struct {
		Name        string `path:"Name"`
		ClientToken string `query:"clientToken"`
	}
	createScheduleGroupInput struct {
		Name string `path:"Name"`
		Body struct {
			ClientToken string
			Tags        []tag
		} `payload:"json"`
	}
	scheduleGroupTagsInput struct {
		ARN string `path:"ResourceArn"`
	}
	tagScheduleGroupInput struct {
		ARN  string               `path:"ResourceArn"`
		Body struct{ Tags []tag } `payload:"json"`
	}
	untagScheduleGroupInput struct {
		ARN     string `path:"ResourceArn"`
		TagKeys []string
	}
)

func (in scheduleGroupInput) group() string       { return in.Name }
func (in createScheduleGroupInput) group() string { return in.Name }

func (in createScheduleGroupInput) conditionKeys() map[string][]string {
	return requestTags(tagMap(in.Body.Tags))
}

// ofScheduleGroup is the target of an operation on a group.
func ofScheduleGroup[In interface{ group() string }](c *call, in In) (target, error) {
	return target{resource: c.Scheduler.GroupARN(in.group()).String()}, nil
}

func (in scheduleGroupTagsInput) arn() string  { return in.ARN }
func (in tagScheduleGroupInput) arn() string   { return in.ARN }
func (in untagScheduleGroupInput) arn() string { return in.ARN }

func (in tagScheduleGroupInput) conditionKeys() map[string][]string {
	return requestTags(tagMap(in.Body.Tags))
}
func (in untagScheduleGroupInput) conditionKeys() map[string][]string {
	return withKey(nil, "aws:TagKeys", in.TagKeys...)
}

// tagsOfScheduleGroup is the target of an operation on tags.
func tagsOfScheduleGroup[In interface{ arn() string }](_ *call, in In) (target, error) {
	return target{resource: in.arn()}, nil
}

func createScheduleGroup(c *call, in createScheduleGroupInput) (any, error) {
	if len(in.Body.Tags) > 0 {
		on := target{resource: c.Scheduler.GroupARN(in.Name).String(), context: in.conditionKeys()}
		if err := c.authorize("scheduler:TagResource", on); err != nil {
			return nil, err
		}
	}
	g, err := c.Scheduler.CreateGroup(in.Name, tagMap(in.Body.Tags), in.Body.ClientToken)
	return struct {
		ScheduleGroupARN string `json:"ScheduleGroupArn"`
	}{g.ARN}, err
}

// describedScheduleGroup is a group in responses. Nothing is known of when AWS created the default
// group.
type describedScheduleGroup struct {
	ARN                                string   `json:"Arn"`
	CreationDate, LastModificationDate *instant `json:",omitempty"`
	Name, State                        string
}

func describeScheduleGroup(g scheduler.Group) describedScheduleGroup {
	d := describedScheduleGroup{ARN: g.ARN, Name: g.Name, State: "ACTIVE"}
	if !g.Created.IsZero() {
		d.CreationDate, d.LastModificationDate = &instant{g.Created}, &instant{g.Modified}
	}
	return d
}

func getScheduleGroup(c *call, in scheduleGroupInput) (any, error) {
	g, err := c.Scheduler.FindGroup(in.Name)
	return describeScheduleGroup(g), err
}

// deleteScheduleGroup also requires the permission to delete the schedules of the group.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
func deleteScheduleGroup(c *call, in scheduleGroupInput) (any, error) {
	if err := c.authorize("scheduler:DeleteSchedule", target{resource: c.Scheduler.ARN(in.Name, "*").String()}); err != nil {
		return nil, err
	}
	return struct{}{}, c.Scheduler.DeleteGroup(in.Name)
}

type listScheduleGroupsInput struct {
	MaxResults *int
	NamePrefix string
	NextToken  string
}

func listScheduleGroups(c *call, in listScheduleGroupsInput) (any, error) {
	some, next, err := schedulerPage(c.Scheduler.Groups(in.NamePrefix), in.NextToken, in.MaxResults, func(g scheduler.Group) string { return g.Name })
	return struct {
		NextToken      string `json:",omitempty"`
		ScheduleGroups []describedScheduleGroup
	}{next, listOf(some, describeScheduleGroup)}, err
}

func listTagsOfScheduleGroup(c *call, in scheduleGroupTagsInput) (any, error) {
	tags, err := c.Scheduler.Tags(in.ARN)
	return struct{ Tags []tag }{tagsOf(tags)}, err
}

func tagScheduleGroup(c *call, in tagScheduleGroupInput) (any, error) {
	return struct{}{}, c.Scheduler.ChangeTags(in.ARN, tagMap(in.Body.Tags), nil)
}

func untagScheduleGroup(c *call, in untagScheduleGroupInput) (any, error) {
	return struct{}{}, c.Scheduler.ChangeTags(in.ARN, nil, in.TagKeys)
}
