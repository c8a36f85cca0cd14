package hubspot

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Activities reads the present state of activities, with links, people and transcripts; gone ones are left out, and those that HubSpot failed on, alone or because of a
// record on them, are a crm.Partly beside the others. It implements the indexer's Source.
func (c *Client) Activities(ctx context.Context, refs []crm.Ref) ([]crm.Activity, error) {
	groups, err := c.byType(refs, crm.ObjectType.IsActivity)
	if err != nil {
		return nil, err
	}
	var out []crm.Activity
	failed := c.failures()
	for _, t := range crm.ActivityTypes() {
		if len(groups[t]) == 0 {
			continue
		}
		names, err := c.names(ctx, t)
		if err != nil {
			return nil, err
		}
		objects, err := c.batchRead(ctx, t, groups[t], names, nil)
		if err = failed.take(t, err); err != nil {
			return nil, err
		}
		links, err := c.links(ctx, t, idsOf(objects))
		if err = failed.take(t, err); err != nil {
			return nil, err
		}
		list, err := c.activities(ctx, t, failed.without(t, objects), links)
		alone, err := crm.Apart(err)
		if err != nil {
			return nil, err
		}
		maps.Copy(failed.by, alone)
		out = append(out, list...)
	}
	return out, failed.err()
}

func idsOf(objects []wireObject) []string {
	ids := make([]string, len(objects))
	for i, o := range objects {
		ids[i] = string(o.ID)
	}
	return ids
}

// activities turns objects of one type into activities. Purged ones, and those on a record that opted out, are left out; those with a record on them that could not be
// read are a crm.Partly beside the others.
func (c *Client) activities(ctx context.Context, t crm.ObjectType, objects []wireObject, links map[string]linked) ([]crm.Activity, error) {
	var all []crm.Ref
	for _, o := range objects {
		all = append(all, links[string(o.ID)].All()...)
	}
	out, err := c.optedOut(ctx, all)
	unread, err := crm.Apart(err)
	if err != nil {
		return nil, err
	}
	failed := c.failures()
	var kept []crm.Activity
	var raw []wireObject
	for _, o := range objects {
		l := links[string(o.ID)].Links
		if err := firstOf(unread, l.All()); err != nil {
			failed.by[crm.Ref{Portal: c.opt.Portal, Type: t, ID: string(o.ID)}] = err
			continue
		}
		if o.text("hs_gdpr_deleted") == "true" || anyOf(out, l.All()) {
			continue
		}
		a := activityOf(crm.Ref{Portal: c.opt.Portal, Type: t, ID: string(o.ID)}, o, c.OwnApp)
		a.Links = l
		kept, raw = append(kept, a), append(raw, o)
	}
	unread, err = crm.Apart(c.addPeople(ctx, kept, raw))
	if err != nil {
		return nil, err
	}
	for i := len(kept) - 1; i >= 0; i-- {
		if err := firstOf(unread, kept[i].Links.Contacts); err != nil {
			failed.by[kept[i].Ref] = err
			kept, raw = slices.Delete(kept, i, i+1), slices.Delete(raw, i, i+1)
		}
	}
	for i := range kept {
		if id := raw[i].text("hs_call_transcription_id"); id != "" {
			if kept[i].Turns, err = c.transcript(ctx, id); err != nil {
				return nil, err
			}
		}
	}
	return kept, failed.err()
}

// firstOf is the error of the first of these records that has one.
func firstOf(failed map[crm.Ref]error, refs []crm.Ref) error {
	for _, r := range refs {
		if err := failed[r]; err != nil {
			return fmt.Errorf("read %s on it: %w", r.Path(), err)
		}
	}
	return nil
}

func anyOf(set map[crm.Ref]bool, refs []crm.Ref) bool {
	for _, r := range refs {
		if set[r] {
			return true
		}
	}
	return false
}

// activityOf maps what the object itself says; people, links and transcript are added by the caller.
func activityOf(ref crm.Ref, o wireObject, own func(app string) bool) crm.Activity {
	a := crm.Activity{
		Ref: ref, OwnerID: o.text("hubspot_owner_id"), Format: crm.HTML,
		Created: firstTime(o.text("hs_createdate"), string(o.CreatedAt)), Modified: firstTime(o.text("hs_lastmodifieddate"), string(o.UpdatedAt)),
		Ours: o.text(keyProperty) != "" || byOurApp(o, own),
	}
	a.Generated = !a.Ours && byMachine(o)
	switch ref.Type {
	case crm.Notes:
		a.Body = o.text("hs_note_body")
	case crm.Calls:
		a.Subject, a.Body, a.Status = o.text("hs_call_title"), o.text("hs_call_body"), o.text("hs_call_status")
		a.Minutes = minutes(o.text("hs_call_duration"))
		a.Direction = direction(o.text("hs_call_direction"))
	case crm.Meetings:
		a.Subject, a.Status = o.text("hs_meeting_title"), o.text("hs_meeting_outcome")
		a.Body = join(o.text("hs_meeting_body"), o.text("hs_internal_meeting_notes"))
		start, end := parseTime(o.text("hs_meeting_start_time")), parseTime(o.text("hs_meeting_end_time"))
		if !start.IsZero() && end.After(start) && end.Sub(start) < 7*24*time.Hour {
			a.Minutes = int(end.Sub(start).Round(time.Minute) / time.Minute)
		}
	case crm.Emails:
		a.Subject, a.Status, a.Thread = o.text("hs_email_subject"), o.text("hs_email_status"), o.text("hs_email_thread_id")
		a.Direction = direction(o.text("hs_email_direction"))
		a.Body, a.Format = o.text("hs_email_text"), crm.PlainText
		if strings.TrimSpace(a.Body) == "" {
			a.Body, a.Format = o.text("hs_email_html"), crm.HTML
		}
	case crm.Tasks:
		a.Subject, a.Body, a.Status = o.text("hs_task_subject"), o.text("hs_task_body"), o.text("hs_task_status")
	case crm.Communications:
		a.Body, a.Channel = o.text("hs_communication_body"), o.text("hs_communication_channel_type")
	}
	a.Time, a.TimeUnknown = timeOf(firstTime(o.text("hs_timestamp"), o.text("hs_meeting_start_time")), a.Created, o.text(timeUnknownProperty))
	return a
}

var earliestTime = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// timeOf judges a time: absent or absurd (before 1990, or more than two years after HubSpot learned of the activity) is no time at all; one that its importer flags
// is kept for the position on the timeline, but not known.
func timeOf(t, created time.Time, flag string) (time.Time, bool) {
	if created.IsZero() {
		created = time.Now()
	}
	if t.IsZero() || t.Before(earliestTime) || t.After(created.AddDate(2, 0, 0)) {
		return time.Time{}, true
	}
	return t, isSet(flag)
}

// isSet reads a flag-like property: anything but empty and "false".
func isSet(value string) bool {
	v := strings.TrimSpace(value)
	return v != "" && !strings.EqualFold(v, "false")
}

func direction(s string) crm.Direction {
	switch s {
	case "INBOUND", "INCOMING_EMAIL":
		return crm.Incoming
	case "OUTBOUND", "EMAIL":
		return crm.Outgoing
	case "FORWARDED_EMAIL":
		return crm.Forwarded
	}
	return "" // drafts and unknown words
}

// minutes rounds HubSpot's milliseconds.
func minutes(ms string) int {
	n, err := strconv.ParseFloat(ms, 64)
	if err != nil || math.IsNaN(n) || n <= 0 || n > 7*24*3600*1000 {
		return 0
	}
	return int(math.Round(n / 60_000))
}

func join(a, b string) string {
	switch {
	case strings.TrimSpace(a) == "":
		return b
	case strings.TrimSpace(b) == "":
		return a
	}
	return a + "<br><br>" + b
}
