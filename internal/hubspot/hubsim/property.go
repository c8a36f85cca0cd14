package hubsim

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

//go:embed standard.txt
var standardProperties string

// option is one allowed value of an enumeration.
type option struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	Description  string `json:"description,omitempty"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
}

// property is a property definition in the shape of the properties API.
type property struct {
	Name                 string          `json:"name"`
	Label                string          `json:"label"`
	Type                 string          `json:"type"`
	FieldType            string          `json:"fieldType"`
	GroupName            string          `json:"groupName"`
	Description          string          `json:"description"`
	Options              []option        `json:"options"`
	DisplayOrder         int             `json:"displayOrder"`
	ReferencedObjectType string          `json:"referencedObjectType,omitempty"`
	Calculated           bool            `json:"calculated"`
	ExternalOptions      bool            `json:"externalOptions"`
	HasUniqueValue       bool            `json:"hasUniqueValue"`
	Hidden               bool            `json:"hidden"`
	HubSpotDefined       bool            `json:"hubspotDefined"`
	FormField            bool            `json:"formField"`
	DataSensitivity      string          `json:"dataSensitivity"`
	Archived             bool            `json:"archived"`
	CreatedAt            string          `json:"createdAt"`
	UpdatedAt            string          `json:"updatedAt"`
	Modification         json.RawMessage `json:"modificationMetadata"`

	readOnly bool
	open     bool // an enumeration whose options are not listed here: any value passes
}

// group is a property group.
type group struct {
	Name         string `json:"name"`
	Label        string `json:"label"`
	DisplayOrder int    `json:"displayOrder"`
	Archived     bool   `json:"archived"`
}

func (p *property) sensitive() bool { return p != nil && p.DataSensitivity != "non_sensitive" }

// subscribable tells whether a change of the property can be a webhook (webhooks guide: not calculated ones, not the body and subject of e-mails, not the
// body of messages).
func (p *property) subscribable(t crm.ObjectType) bool {
	switch p.Name {
	case "hs_email_html", "hs_email_subject", "hs_communication_body":
		return false
	case "associatedcompanyid", "hs_call_has_transcript", "hs_call_transcription_id":
		return true
	}
	return !p.readOnly
}

// shown is the value as webhooks carry it.
func (s *Server) shown(p *property, value string) *string {
	if p.sensitive() {
		value = "REDACTED"
	}
	return &value
}

func standardGroup(t crm.ObjectType) string {
	switch t {
	case crm.Contacts:
		return "contactinformation"
	case crm.Companies:
		return "companyinformation"
	case crm.Deals:
		return "dealinformation"
	case crm.Tickets:
		return "ticketinformation"
	}
	return "engagement"
}

// defineStandard reads the sections of standard.txt that apply to the type.
func (t *table) defineStandard(at time.Time) {
	sections := []string{"all", string(t.typ), "records"}
	if t.typ.IsActivity() {
		sections[2] = "activities"
	}
	name := standardGroup(t.typ)
	t.groups[name] = &group{Name: name, Label: titled(name)}
	section := ""
	for line := range strings.Lines(standardProperties) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case slices.Contains(sections, section):
			t.define(standardProperty(line, name, at))
		}
	}
}

func standardProperty(line, group string, at time.Time) *property {
	f := strings.Fields(line)
	p := &property{Name: f[0], Label: titled(f[0]), Type: f[1], FieldType: f[2], GroupName: group, HubSpotDefined: true, Options: []option{}, CreatedAt: stamp(at), UpdatedAt: stamp(at), DataSensitivity: "non_sensitive"}
	for _, flag := range f[3:] {
		switch {
		case flag == "ro":
			p.readOnly = true
		case flag == "open":
			p.open = true
		case flag == "unique":
			p.HasUniqueValue = true
		case flag == "owner":
			p.ReferencedObjectType, p.ExternalOptions, p.open = "OWNER", true, true
		case strings.HasPrefix(flag, "="):
			for i, v := range strings.Split(flag[1:], "|") {
				p.Options = append(p.Options, option{Label: titled(strings.ToLower(v)), Value: v, DisplayOrder: i})
			}
		}
	}
	p.Modification = modification(p)
	return p
}

// defineCustom defines a property of the portal's own; its type is that of its field, too.
func (t *table) defineCustom(c custom, at time.Time) {
	p := &property{Name: c.Name, Label: c.Label, Type: c.Type, FieldType: c.Type, GroupName: standardGroup(t.typ), Options: []option{}, CreatedAt: stamp(at), UpdatedAt: stamp(at), DataSensitivity: "non_sensitive"}
	p.Modification = modification(p)
	t.define(p)
}

func modification(p *property) json.RawMessage {
	return fmt.Appendf(nil, `{"archivable":%t,"readOnlyDefinition":%t,"readOnlyValue":%t}`, !p.HubSpotDefined, p.HubSpotDefined, p.readOnly)
}

func (t *table) define(p *property) {
	if _, ok := t.props[p.Name]; !ok {
		t.order = append(t.order, p.Name)
	}
	t.props[p.Name] = p
}

var (
	propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)
	// The pairs that the properties guide allows.
	fieldTypes = map[string][]string{
		"bool":         {"booleancheckbox", "calculation_equation"},
		"enumeration":  {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"},
		"date":         {"date"},
		"datetime":     {"date"},
		"string":       {"text", "textarea", "html", "file", "phonenumber", "calculation_equation"},
		"number":       {"number", "calculation_equation"},
		"phone_number": {"phonenumber"},
	}
)

// check validates a new definition; the empty reply means it is fine.
func (s *Server) check(t *table, p *property) (reply, bool) {
	bad := func(code, msg string) (reply, bool) {
		return failDetail(400, "VALIDATION_ERROR", msg, detail{Message: msg, Code: code, Context: map[string][]string{"propertyName": {p.Name}}}), false
	}
	switch {
	case !propertyName.MatchString(p.Name):
		return bad("INVALID_PROPERTY_NAME", fmt.Sprintf("Property name %q must consist of lowercase letters, numbers and underscores, and start with a letter", p.Name))
	case p.Label == "" || p.GroupName == "" || p.Type == "" || p.FieldType == "":
		return bad("REQUIRED_FIELD", "Some required fields were not set: [label, groupName, type, fieldType]")
	case !slices.Contains(fieldTypes[p.Type], p.FieldType):
		return bad("INVALID_FIELD_TYPE", fmt.Sprintf("Property type %q can not have field type %q", p.Type, p.FieldType))
	case t.groups[p.GroupName] == nil:
		return bad("PROPERTY_GROUP_NOT_FOUND", fmt.Sprintf("Property group %q does not exist", p.GroupName))
	case p.Type == "enumeration" && len(p.Options) == 0 && !p.ExternalOptions:
		return bad("INVALID_OPTIONS", "Property options are required for properties of type enumeration")
	case p.HasUniqueValue && p.Type != "string" && p.Type != "number":
		return bad("INVALID_UNIQUE", "hasUniqueValue is only possible for properties of type string and number")
	case p.HasUniqueValue && t.typ.IsActivity() && s.opt.RefuseUniqueOnActivities:
		return bad("UNIQUE_NOT_SUPPORTED", "hasUniqueValue is not supported for object type "+string(t.typ))
	case p.HasUniqueValue && t.uniques() >= 10:
		return bad("UNIQUE_LIMIT", "The limit of 10 unique properties of this object type is reached")
	}
	return s.checkOptions(p)
}

func (s *Server) checkOptions(p *property) (reply, bool) {
	seen := map[string]bool{}
	for _, o := range p.Options {
		if o.Value == "" || o.Label == "" || seen[o.Value] {
			msg := fmt.Sprintf("Property options of %q need a label and a unique value; see option %q", p.Name, o.Value)
			return failDetail(400, "VALIDATION_ERROR", msg, detail{Message: msg, Code: "INVALID_OPTIONS"}), false
		}
		seen[o.Value] = true
	}
	return reply{}, true
}

func (t *table) uniques() (n int) {
	for _, p := range t.props {
		if p.HasUniqueValue && !p.HubSpotDefined {
			n++
		}
	}
	return n
}
