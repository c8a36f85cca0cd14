package hubsim

import (
	"strconv"

	"github.com/contextd/contextd/internal/hubspot"
)

// event is one webhook event. Records and activities use the generic object.* types with objectTypeId; only privacy deletions have the classic form.
type event struct {
	EventID          int64   `json:"eventId"`
	SubscriptionID   int64   `json:"subscriptionId"`
	PortalID         int64   `json:"portalId"`
	AppID            int64   `json:"appId"`
	OccurredAt       int64   `json:"occurredAt"`
	SubscriptionType string  `json:"subscriptionType"`
	AttemptNumber    int     `json:"attemptNumber"`
	ObjectID         int64   `json:"objectId,omitempty"`
	ObjectTypeID     string  `json:"objectTypeId,omitempty"`
	PropertyName     string  `json:"propertyName,omitempty"`
	PropertyValue    *string `json:"propertyValue,omitempty"`
	IsSensitive      *bool   `json:"isSensitive,omitempty"`
	ChangeSource     string  `json:"changeSource,omitempty"`
	SourceID         string  `json:"sourceId,omitempty"`
	ChangeFlag       string  `json:"changeFlag,omitempty"`

	PrimaryObjectID         int64   `json:"primaryObjectId,omitempty"`
	MergedObjectIDs         []int64 `json:"mergedObjectIds,omitempty"`
	NewObjectID             int64   `json:"newObjectId,omitempty"`
	NumberOfPropertiesMoved int     `json:"numberOfPropertiesMoved,omitempty"`

	FromObjectID         int64  `json:"fromObjectId,omitempty"`
	FromObjectTypeID     string `json:"fromObjectTypeId,omitempty"`
	ToObjectID           int64  `json:"toObjectId,omitempty"`
	ToObjectTypeID       string `json:"toObjectTypeId,omitempty"`
	AssociationTypeID    int    `json:"associationTypeId,omitempty"`
	AssociationCategory  string `json:"associationCategory,omitempty"`
	AssociationRemoved   *bool  `json:"associationRemoved,omitempty"`
	IsPrimaryAssociation *bool  `json:"isPrimaryAssociation,omitempty"`

	object *object
}

func associationEvent(from, to *object, typeID int, category string, primary, removed bool) event {
	return event{
		SubscriptionType: "object.associationChange",
		FromObjectID:     from.id, FromObjectTypeID: hubspot.TypeID(from.typ), ToObjectID: to.id, ToObjectTypeID: hubspot.TypeID(to.typ),
		AssociationTypeID: typeID, AssociationCategory: category, AssociationRemoved: &removed, IsPrimaryAssociation: &primary,
	}
}

// emit completes an event and queues it, unless the change is silent or nobody has subscribed.
func (s *Server) emit(a actor, e event) {
	if a.silent || s.hooks.url == "" {
		return
	}
	if e.object != nil {
		e.ObjectTypeID, e.object = hubspot.TypeID(e.object.typ), nil
	}
	e.PortalID, e.AppID, e.OccurredAt = int64(s.opt.Portal), s.opt.AppID, a.at.UnixMilli()
	e.ChangeSource, e.SourceID = a.source, a.id
	if e.SubscriptionType == "object.associationChange" && a.source == "CRM_UI" {
		e.ChangeSource = "USER" // as seen live; associations name no property source
	}
	e.SubscriptionID = s.hooks.subscription(e.SubscriptionType + "/" + e.ObjectTypeID + e.FromObjectTypeID + "/" + e.PropertyName + strconv.Itoa(e.AssociationTypeID))
	s.hooks.enqueue(e, s.rng, s.elapsed())
}
