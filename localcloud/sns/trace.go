package sns

import (
	"context"
	"fmt"
	"time"

	"tally/localcloud/cloud"
)

// trace returns the trace header that subscribers receive. A topic with active tracing
// records a segment if the publication's trace is sampled and X-Ray's resource policy
// allows it; this segment is then the parent of what the subscribers record. Otherwise,
// the header stays as it is.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
// https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html
func (s *Service) trace(topic Topic, messageID, header string) string {
	if s.Traces == nil || topic.TracingConfig != "Active" || cloud.TraceField(header, "Sampled") != "1" {
		return header
	}
	arn, err := cloud.ParseARN(topic.ARN)
	if err != nil {
		return header
	}
	now := cloud.SegmentTime(time.Now())
	segment := cloud.Segment{
		ID: cloud.NewSegmentID(), TraceID: cloud.TraceField(header, "Root"), ParentID: cloud.TraceField(header, "Parent"),
		Name: arn.Resource, Origin: "AWS::SNS", Start: now, End: now, AWS: map[string]any{"topic_arn": topic.ARN, "message_id": messageID},
	}
	unprocessed, err := s.Traces.RecordSegments(context.Background(), cloud.Caller{Service: principal, SourceARN: arn}, segment)
	for _, u := range unprocessed {
		err = fmt.Errorf("%s", u.Message)
	}
	if err != nil {
		if _, noted := s.untraced.LoadOrStore(topic.ARN, true); !noted {
			s.note(cloud.Info, topic.ARN, "the topic is missing from traces: %v", err)
		}
		return header
	}
	return cloud.WithTraceField(header, "Parent", segment.ID)
}
