package inbox

import (
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// settling is how long an activity is left alone before it is read: HubSpot tells of a new one in several events (creation, properties, associations), and one read
// after the last of them sees it whole.
const settling = 500 * time.Millisecond

// Marks says what must be looked at again because of an event (pure): activities are indexed again, records are read again. Bulk sources use the backfill lane, so
// that an import never delays live work and triggers only what asks for imports. No marks: an event that contextd does not act on.
func Marks(e crm.Event) []crm.Mark {
	if d, ok := crm.DecisionOf(e, byPerson(e.Source)); ok {
		return []crm.Mark{{Portal: e.Portal, Kind: crm.DecisionWork, Key: d.Key(), Lane: crm.ReviewLane}}
	}
	lane := laneOf(e.Source)
	var refs []crm.Ref
	switch e.Type {
	case crm.PrivacyDeletion:
		if !e.Object.Type.IsRecord() || e.Object.ID == "" {
			return nil
		}
		return []crm.Mark{{Portal: e.Portal, Kind: crm.EraseWork, Key: e.Object.Path()}} // live, whatever the source: the law sets the time
	case crm.Creation, crm.Deletion, crm.PropertyChange, crm.Restore:
		refs = []crm.Ref{e.Object}
	case crm.Merge:
		refs = []crm.Ref{e.Object}
		for _, id := range append([]string{e.NewID}, e.MergedIDs...) {
			if id != "" && id != e.Object.ID {
				refs = append(refs, crm.Ref{Portal: e.Portal, Type: e.Object.Type, ID: id})
			}
		}
	case crm.AssociationChange:
		refs = associated(e.From, e.To)
	default: // any other type is stored and ignored
		return nil
	}
	var marks []crm.Mark
	for _, r := range refs {
		switch {
		case r.ID == "":
		case r.Type.IsActivity():
			marks = append(marks, crm.Mark{Portal: r.Portal, Kind: crm.IndexWork, Key: r.Path(), Lane: lane, Quiet: settling})
		case r.Type.IsRecord():
			marks = append(marks, crm.Mark{Portal: r.Portal, Kind: crm.RecordWork, Key: r.Path(), Lane: lane})
		}
	}
	return marks
}

// associated picks the side whose links or membership changed: the activity when one is there, else every record that is not a company (a company does not belong to
// its contacts).
func associated(from, to crm.Ref) []crm.Ref {
	switch {
	case from.Type.IsActivity():
		return []crm.Ref{from}
	case to.Type.IsActivity():
		return []crm.Ref{to}
	case from.Type == crm.Companies:
		return []crm.Ref{to}
	case to.Type == crm.Companies:
		return []crm.Ref{from}
	}
	return []crm.Ref{from, to}
}

func laneOf(source string) crm.Lane {
	switch source {
	case "IMPORT", "DATA_ENRICHMENT", "DATA_QUALITY", "BATCH_UPDATE", "MIGRATION", "CRM_UI_BULK_ACTION", "CALCULATED", "PROPERTY_SETTINGS":
		return crm.BackfillLane
	}
	return crm.LiveLane
}
