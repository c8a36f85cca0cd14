package prompts

// Payload is what a model is shown of a run: the same parts for every workflow, each filled as far as the workflow's `payload` asks for it (Shown) and the portal knows
// it. Every text in it is data that other people wrote. A field that is "" and a part without fields are not shown at all.
type Payload struct {
	Context Context
	Person  Person
	Company Company
	Deal    Deal
	Ticket  Ticket
	History []Quoted // in chronological order, under the citation ids of the run
}

// Context says what the run is about. AsOf, Account, Subject and Language are always shown.
type Context struct {
	AsOf     string   // the day that the run reasons on: 2006-01-02, Monday
	Account  string   // the account's name
	Subject  string   // calls/9101
	Language string   // in which to write: ISO 639-1
	People   []string // who took part, as far as the passages say
	Summary  Summary  // what contextd last wrote of the account; never evidence
}

// Summary is an earlier text of ours.
type Summary struct {
	Date  string   // 2006-01-02
	Lines []string // its statements
}

// Person is the contact in question: the subject, or who wrote or spoke in the activity that it is about.
type Person struct {
	Name     string
	Title    string // job title
	Role     string // in the deal, such as DECISION_MAKER
	Language string // the contact's own
	Further  []Field
}

// Company is the account, where it is a company.
type Company struct {
	Name      string
	Industry  string
	Size      string // employees
	Country   string
	Lifecycle string // lifecycle stage
	Further   []Field
}

// Deal is the deal in question: the subject, or the newest open one of those that the subject belongs to.
type Deal struct {
	Name      string
	Stage     string
	Amount    string
	Currency  string // ISO 4217
	CloseDate string // 2006-01-02
	Pipeline  string
	Further   []Field
}

// Ticket is the ticket in question, where it is the subject.
type Ticket struct {
	Name     string
	Stage    string
	Priority string
	Further  []Field
}

// Quoted is one passage with its citation id. Text is the only thing in a prompt that may be quoted.
type Quoted struct {
	ID        string // P1, P2 …
	Kind      string
	Date      string // 2006-01-02, "unknown date" when there is none
	Direction string
	Person    string
	Subject   string
	Text      string
	New       bool // our last summary did not know it
}

// Field is one line of a part as it is shown.
type Field struct{ Name, Value string }

// filled pairs names and values and leaves out what is empty.
func filled(further []Field, pairs ...string) []Field {
	var out []Field
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, Field{pairs[i], pairs[i+1]})
		}
	}
	for _, f := range further {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

// Fields are what the context shows beside its lists.
func (c Context) Fields() []Field {
	return filled(nil, "as of", c.AsOf, "account", c.Account, "subject", c.Subject, "language", c.Language)
}

// Fields are what is known of the person, in the order in which it is shown.
func (p Person) Fields() []Field {
	return filled(p.Further, "name", p.Name, "title", p.Title, "role", p.Role, "language", p.Language)
}

// Fields are what is known of the company, in the order in which it is shown.
func (c Company) Fields() []Field {
	return filled(c.Further, "name", c.Name, "industry", c.Industry, "employees", c.Size, "country", c.Country, "lifecycle stage", c.Lifecycle)
}

// Fields are what is known of the deal, in the order in which it is shown.
func (d Deal) Fields() []Field {
	return filled(d.Further, "name", d.Name, "stage", d.Stage, "amount", d.Amount, "currency", d.Currency, "close date", d.CloseDate, "pipeline", d.Pipeline)
}

// Fields are what is known of the ticket, in the order in which it is shown.
func (t Ticket) Fields() []Field {
	return filled(t.Further, "name", t.Name, "stage", t.Stage, "priority", t.Priority)
}
