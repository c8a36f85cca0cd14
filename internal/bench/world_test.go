package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

// world is a made-up portal in memory: companies with three contacts each and activities of every kind, whose texts differ. It implements indexer.Source.
type world struct {
	rng        *rand.Rand
	next       int
	companies  []crm.Ref
	people     map[crm.Ref][]crm.Person // of a company
	records    map[crm.Ref]crm.Record
	members    map[crm.Ref][]crm.Membership
	activities map[crm.Ref]crm.Activity
	order      []crm.Ref // of activities
}

var began = time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)

// newWorld makes companies with perCompany activities each; sentences is the length of their texts. The same seed makes the same world.
func newWorld(seed uint64, companies, perCompany, sentences int) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 7)), next: 1000, people: map[crm.Ref][]crm.Person{}, records: map[crm.Ref]crm.Record{}, members: map[crm.Ref][]crm.Membership{}, activities: map[crm.Ref]crm.Activity{}}
	for range companies {
		w.company(perCompany, sentences)
	}
	return w
}

func (w *world) ref(t crm.ObjectType) crm.Ref {
	w.next++
	return crm.Ref{Portal: portal, Type: t, ID: strconv.Itoa(w.next)}
}

func (w *world) pick(words []string) string { return words[w.rng.IntN(len(words))] }

func (w *world) company(activities, sentences int) {
	c := w.ref(crm.Companies)
	name := w.pick(families) + " " + w.pick(things) + " " + c.ID
	w.records[c] = crm.Record{Ref: c, Name: name, Properties: map[string]string{"name": name}, Created: began, Modified: began}
	w.companies = append(w.companies, c)
	var people []crm.Person
	for range 3 {
		p := w.ref(crm.Contacts)
		person := crm.Person{Name: w.pick(givens) + " " + w.pick(families), Email: "person" + p.ID + "@company" + c.ID + ".example", Role: "from", Ref: p}
		w.records[p] = crm.Record{Ref: p, Name: person.Name, Properties: map[string]string{"email": person.Email}, Created: began, Modified: began, Links: crm.Links{Companies: []crm.Ref{c}}}
		w.members[p] = []crm.Membership{{Member: p, Account: c, Primary: true}}
		people = append(people, person)
	}
	w.people[c] = people
	for i := range activities {
		w.activity(crm.ActivityTypes()[i%len(crm.ActivityTypes())], c, people[w.rng.IntN(len(people))], sentences)
	}
}

func (w *world) activity(t crm.ObjectType, c crm.Ref, from crm.Person, sentences int) {
	at := began.Add(time.Duration(w.rng.IntN(500*24*60)) * time.Minute)
	a := crm.Activity{Ref: w.ref(t), Time: at, Created: at, Modified: at, Direction: crm.Incoming, Subject: "About " + w.pick(things) + " and " + w.pick(things), Format: crm.HTML,
		People: []crm.Person{from, {Name: "Robin Vale", Email: "robin@seller.example", Role: "to", Ours: true}}, OwnerID: "42",
		Links: crm.Links{Companies: []crm.Ref{c}, Contacts: []crm.Ref{from.Ref}}}
	switch t {
	case crm.Calls, crm.Meetings:
		a.Format, a.Minutes = crm.PlainText, 30
		for i := range sentences {
			speaker := from.Name
			if i%3 == 2 {
				speaker = "Robin Vale"
			}
			a.Turns = append(a.Turns, crm.Turn{Speaker: speaker, Text: w.sentence(), Start: time.Duration(i) * 15 * time.Second})
		}
	case crm.Emails:
		a.Body = "<div>Hello Robin,</div><div><br></div>" + w.paragraphs(sentences) + "<div>Kind regards<br>" + from.Name + "</div><div>-- <br>" + from.Name +
			"<br>Head of " + w.pick(things) + "<br>Phone +49 30 5550100</div><div>On Mon, 3 Mar 2025 at 09:00, Robin Vale &lt;robin@seller.example&gt; wrote:</div><blockquote>" +
			w.paragraphs(3) + "</blockquote>"
	default:
		a.Body = w.paragraphs(sentences)
	}
	w.activities[a.Ref] = a
	w.order = append(w.order, a.Ref)
}

func (w *world) paragraphs(sentences int) string {
	var b strings.Builder
	for i := 0; i < sentences; i += 4 {
		b.WriteString("<p>")
		for range min(4, sentences-i) {
			b.WriteString(w.sentence() + " ")
		}
		b.WriteString("</p>")
	}
	return b.String()
}

func (w *world) sentence() string {
	return fmt.Sprintf("%s %s the %s for %s, because %s and the %s cost %d,%03d euros until %s; %s will %s it by week %d.", w.pick(givens), w.pick(verbs), w.pick(things), w.pick(families),
		w.pick(reasons), w.pick(things), 1+w.rng.IntN(90), w.rng.IntN(1000), w.pick(months), w.pick(givens), w.pick(verbs), 1+w.rng.IntN(52))
}

// Activities returns the ones that exist.
func (w *world) Activities(_ context.Context, refs []crm.Ref) ([]crm.Activity, error) {
	var out []crm.Activity
	for _, r := range refs {
		if a, ok := w.activities[r]; ok {
			out = append(out, a)
		}
	}
	return out, nil
}

// Records returns the ones that exist, with their memberships.
func (w *world) Records(_ context.Context, refs []crm.Ref) ([]crm.Record, []crm.Membership, error) {
	var records []crm.Record
	var members []crm.Membership
	for _, r := range refs {
		if rec, ok := w.records[r]; ok {
			records = append(records, rec)
			members = append(members, w.members[r]...)
		}
	}
	return records, members, nil
}

var (
	givens   = strings.Fields("Ada Bruno Clara Dario Edda Felix Gina Henrik Ilse Jonah Karla Leon Mona Nils Olga Piet Rania Selma Tomas Ute Vera Wanda Yara Zeno")
	families = strings.Fields("Arendt Berger Castell Dietz Ehlers Falk Gruber Hollmann Imhof Jessen Klein Lorenz Maurer Nissen Oswald Pohl Reuter Stahl Thorne Ulrich Voss Winter")
	things   = strings.Fields("pump valve contract licence invoice heater scanner lift gateway dashboard module crane boiler sensor report training rollout interface warranty archive " +
		"terminal compressor budget shipment depot router battery inverter turbine filter forklift catalogue portal pilot audit mandate tender retainer")
	verbs   = strings.Fields("renew order inspect cancel repair extend compare approve postpone deliver replace measure negotiate review install certify upgrade return connect sign")
	months  = strings.Fields("January February March April May June July August September October November December")
	reasons = []string{"the old one leaks", "the board wants a second offer", "their auditor asked for proof", "two sites open in spring", "the supplier raised its price",
		"nobody could log in for a day", "the works council agreed", "they compare us with another vendor", "winter is coming", "the last delivery was late"}
)
