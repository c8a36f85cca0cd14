package crm

// Definition is what a portal says of a property: which values it takes, and whether it takes any from outside.
type Definition struct {
	Name       string
	Type       string   // string, number, enumeration, bool, date, datetime, or another one of HubSpot's
	Options    []string // of an enumeration, hidden ones left out
	Multiple   bool     // an enumeration that takes several options, with ; between them
	Calculated bool     // HubSpot works it out itself
	ReadOnly   bool     // nobody may set it through the API
}
