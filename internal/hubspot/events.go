package hubspot

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// Limits of one webhook body. HubSpot sends at most 100 flat events; these leave room for it to change its mind.
const (
	maxEvents     = 5000
	maxEventDepth = 32
	maxEventKeys  = 256
)

// Bad is an entry of a webhook body that cannot be understood; its neighbours are unaffected. Index counts from 0.
type Bad struct {
	Index int
	Cause error
}

// DecodeEvents reads a webhook body: an array of events. An error (crm.ErrInvalid) means that not even the entries could be told apart. Types and objects that
// contextd does not know keep HubSpot's names, so that they can be stored and ignored: Event.Object.Type is then neither a record nor an activity. The caller limits
// the size of body.
func DecodeEvents(body []byte) ([]crm.Event, []Bad, error) {
	entries, err := splitArray(body, maxEvents)
	if err != nil {
		return nil, nil, fmt.Errorf("webhook body: %w: %w", err, crm.ErrInvalid)
	}
	events := make([]crm.Event, 0, len(entries))
	var bad []Bad
	for i, raw := range entries {
		e, err := decodeEvent(raw)
		if err != nil {
			bad = append(bad, Bad{Index: i, Cause: fmt.Errorf("event %d: %w: %w", i, err, crm.ErrInvalid)})
			continue
		}
		events = append(events, e)
	}
	return events, bad, nil
}

func decodeEvent(raw []byte) (crm.Event, error) {
	f, err := parseFields(raw)
	if err != nil {
		return crm.Event{}, err
	}
	name := f.text("subscriptionType")
	if name == "" {
		name = f.text("eventType") // the field table of HubSpot's guide; real payloads say subscriptionType
	}
	prefix, typ, ok := strings.Cut(name, ".")
	if !ok {
		prefix, typ = "", name
	}
	e := crm.Event{
		Type: crm.EventType(typ), Portal: f.portal("portalId"), Property: f.text("propertyName"), Value: f.text("propertyValue"),
		Source: f.text("changeSource"), SourceID: f.text("sourceId"), Removed: f.flag("associationRemoved"), OccurredAt: f.millis("occurredAt"),
	}
	if typ == "" {
		f.fail("subscriptionType", "is missing")
	}
	if e.Type == crm.AssociationChange {
		e.From, e.To = f.ends(e.Portal, prefix)
	} else {
		e.Object = f.object(e.Portal, prefix)
	}
	if e.Type == crm.Merge {
		e.MergedIDs, e.NewID = f.ids("mergedObjectIds"), f.id("newObjectId")
	}
	e.Key = dedupeKey(f, name, e)
	return e, f.err
}

// object is what an event happened to: named by objectTypeId in generic events, by the prefix of the type in classic ones.
func (f *fields) object(portal crm.PortalID, prefix string) crm.Ref {
	name := f.text("objectTypeId")
	if name == "" {
		name = prefix
	}
	r := crm.Ref{Portal: portal, Type: typeOrName(name), ID: f.id("objectId")}
	if r.ID == "" {
		r.ID = f.id("primaryObjectId")
	}
	if r.ID == "" && (r.Type.IsRecord() || r.Type.IsActivity()) {
		f.fail("objectId", "is missing")
	}
	return r
}

// ends are the two sides of an association: by type id in generic events, by a name such as CONTACT_TO_COMPANY in classic ones.
func (f *fields) ends(portal crm.PortalID, prefix string) (from, to crm.Ref) {
	fromType, toType := f.text("fromObjectTypeId"), f.text("toObjectTypeId")
	if classicFrom, classicTo, ok := strings.Cut(f.text("associationType"), "_TO_"); ok {
		if fromType == "" {
			fromType = classicFrom
		}
		if toType == "" {
			toType = classicTo
		}
	}
	if fromType == "" && prefix != "object" {
		fromType = prefix
	}
	from = crm.Ref{Portal: portal, Type: typeOrName(fromType), ID: f.id("fromObjectId")}
	to = crm.Ref{Portal: portal, Type: typeOrName(toType), ID: f.id("toObjectId")}
	for _, end := range []struct{ field, value string }{
		{"fromObjectTypeId", fromType}, {"toObjectTypeId", toType}, {"fromObjectId", from.ID}, {"toObjectId", to.ID},
	} {
		if end.value == "" {
			f.fail(end.field, "is missing")
		}
	}
	return from, to
}

func typeOrName(s string) crm.ObjectType {
	if t, ok := ParseType(s); ok {
		return t
	}
	return crm.ObjectType(asciiLower(s))
}

// dedupeKey names what happened. Attempt number and event id are left out: the first changes with every retry, the second is not unique. Every part is prefixed by
// its length, so that no two lists of parts look alike.
func dedupeKey(f *fields, name string, e crm.Event) string {
	h := sha256.New()
	for _, part := range []string{
		e.Portal.String(), f.text("subscriptionId"), name, f.text("objectTypeId"), e.Object.ID, e.Property, e.Value, f.text("occurredAt"),
		e.From.Path(), e.To.Path(), f.text("associationTypeId"), f.text("associationRemoved"), f.text("messageId"),
	} {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(part)))) // a hash never fails to write
		_, _ = h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

var latestEvent = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC).UnixMilli()
