package crm

// OutsideQuestion is all that a source beside HubSpot is ever told: which company is meant.
type OutsideQuestion struct {
	Company Ref    // for the audit; it is not sent
	Domain  string // "" when HubSpot has none
	Name    string
}

// OutsideAnswer is what a source beside HubSpot says of a company. Text is the answer as it is kept and quoted, a line per fact; offsets of evidence are in it.
type OutsideAnswer struct {
	Source string // "http:" and the host
	Text   string
	Facts  []OutsideFact
}

// OutsideFact is one line of the answer: Text[Start:End] is Value.
type OutsideFact struct {
	Field      string // one of OutsideFields
	Value      string
	Start, End int
}

// OutsideFields lists what a source may say of a company.
func OutsideFields() []string { return []string{"industry", "employees", "country", "tool"} }
