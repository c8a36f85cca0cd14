package hubsim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
)

var (
	given   = []string{"Anna", "Ben", "Carla", "David", "Elif", "Frank", "Greta", "Hugo", "Ida", "Jonas", "Kim", "Lena", "Milan", "Nora", "Otto", "Paula", "Rosa", "Sven", "Tara", "Yusuf"}
	family  = []string{"Albers", "Brandt", "Costa", "Dorn", "Engel", "Fischer", "Gomez", "Hansen", "Ivanov", "Jansen", "Keller", "Lindt", "Moreau", "Novak", "Okafor", "Peeters", "Quint", "Ricci", "Sato", "Weber"}
	trades  = []string{"Lifts", "Heating", "Solar", "Roofing", "Networks", "Pumps", "Cooling", "Security", "Doors", "Cranes"}
	topics  = []string{"the pilot", "the renewal", "the price per technician", "the data processing agreement", "single sign-on", "the offline mode", "the import of old jobs", "the training days", "the invoice of last quarter", "the export to accounting"}
	moods   = []string{"is in favour", "wants a discount", "needs a decision from the board", "is worried about the effort", "asks for a reference", "prefers to wait until next quarter", "has approved the budget", "wants it in writing"}
	nexts   = []string{"send the offer", "call again", "arrange a demo", "answer the security questions", "prepare the contract", "invite the works council"}
	product = []string{"Dispatch", "Mobile", "Insights", "Enterprise"}
)

// LoadGenerated fills the portal, silently, with companies made up from seed: three contacts, one or two deals and twelve activities each. The same seed gives
// the same portal. Texts are plain but differ in numbers, names and topics, so that searches have something to tell apart.
func (s *Server) LoadGenerated(seed uint64, companies int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := generator{s: s, rng: rand.New(rand.NewPCG(seed, 11)), now: s.now()}
	for i := range companies {
		g.company(i)
	}
}

type generator struct {
	s   *Server
	rng *rand.Rand
	now time.Time
}

func (g *generator) pick(list []string) string { return list[g.rng.IntN(len(list))] }

// ago is a moment up to so many days in the past.
func (g *generator) ago(days int) time.Time {
	return g.now.Add(-time.Duration(g.rng.IntN(days*24*60)+60) * time.Minute)
}

func (g *generator) owner() *owner { return &g.s.portal.Owners[g.rng.IntN(len(g.s.portal.Owners))] }

func (g *generator) actor(o *owner, at time.Time) actor {
	a := g.s.person(o.User, at)
	a.silent = true
	return a
}

func (g *generator) company(n int) {
	o := g.owner()
	born := g.now.Add(-500 * 24 * time.Hour)
	name := fmt.Sprintf("%s %s %d", g.pick(family), g.pick(trades), n+1)
	domain := fmt.Sprintf("company%d.example", n+1)
	ownerID := strconv.FormatInt(o.ID, 10)
	c := g.s.create(g.actor(o, born), crm.Companies, 0, map[string]string{"name": name, "domain": domain, "numberofemployees": strconv.Itoa(20 + g.rng.IntN(900)),
		"lifecyclestage": "opportunity", "hubspot_owner_id": ownerID})
	var people []*object
	for i := range 3 {
		first, last := g.pick(given), g.pick(family)
		p := g.s.create(g.actor(o, born.Add(time.Hour)), crm.Contacts, 0, map[string]string{"firstname": first, "lastname": last,
			"email": fmt.Sprintf("%s.%s.%d@%s", lower(first), lower(last), i+1, domain), "lifecyclestage": "opportunity", "hubspot_owner_id": ownerID})
		g.link(o, p, c)
		people = append(people, p)
	}
	var deals []*object
	stages := g.s.portal.Pipelines[crm.Deals][0].Stages
	for i := range 1 + g.rng.IntN(2) {
		d := g.s.create(g.actor(o, g.ago(300)), crm.Deals, 0, map[string]string{"dealname": fmt.Sprintf("%s: %s %d", name, g.pick(product), i+1), "pipeline": "default",
			"dealstage": stages[g.rng.IntN(len(stages))].ID, "amount": strconv.Itoa(1000 * (1 + g.rng.IntN(90))), "deal_currency_code": "EUR",
			"closedate": stamp(g.now.Add(time.Duration(g.rng.IntN(90)) * 24 * time.Hour)), "hubspot_owner_id": ownerID})
		g.link(o, d, c)
		g.link(o, d, people[0])
		deals = append(deals, d)
	}
	for i := range 12 {
		g.activity(o, crm.ActivityTypes()[i%6], c, people[g.rng.IntN(len(people))], deals[g.rng.IntN(len(deals))])
	}
}

func (g *generator) link(o *owner, from, to *object) {
	g.s.link(g.actor(o, from.created), from, to, hubspot.AssociationType(from.typ, to.typ))
}

func (g *generator) sentence(who string) string {
	return fmt.Sprintf("%s spoke about %s and %s. They have %d technicians and %d EUR for it. Next step: %s by %s.",
		who, g.pick(topics), g.pick(moods), 5+g.rng.IntN(200), 100*(10+g.rng.IntN(400)), g.pick(nexts), g.now.Add(time.Duration(g.rng.IntN(60))*24*time.Hour).Format(time.DateOnly))
}

func (g *generator) activity(o *owner, t crm.ObjectType, c, person, deal *object) {
	at := g.ago(400)
	who := person.raw("firstname") + " " + person.raw("lastname")
	text, title := g.sentence(who), "About "+g.pick(topics)
	values := map[string]string{"hs_timestamp": stamp(at), "hubspot_owner_id": strconv.FormatInt(o.ID, 10)}
	switch t {
	case crm.Calls:
		values["hs_call_title"], values["hs_call_direction"], values["hs_call_status"], values["hs_call_duration"] = title, "OUTBOUND", "COMPLETED", "900000"
	case crm.Meetings:
		values["hs_meeting_title"], values["hs_meeting_body"], values["hs_meeting_outcome"] = title, paragraphs(text), "COMPLETED"
		values["hs_meeting_start_time"], values["hs_meeting_end_time"] = stamp(at), stamp(at.Add(time.Hour))
	case crm.Emails:
		values["hs_email_subject"], values["hs_email_text"], values["hs_email_direction"], values["hs_email_status"] = title, text, "INCOMING_EMAIL", "SENT"
		values["hs_email_headers"] = fmt.Sprintf(`{"from":{"email":%q,"firstName":%q,"lastName":%q},"sender":{"email":%q},"to":[{"email":%q}],"cc":[],"bcc":[]}`,
			person.raw("email"), person.raw("firstname"), person.raw("lastname"), person.raw("email"), o.Email)
	case crm.Notes:
		values["hs_note_body"] = paragraphs(text)
	case crm.Tasks:
		values["hs_task_subject"], values["hs_task_body"], values["hs_task_status"], values["hs_task_priority"], values["hs_task_type"] = title, paragraphs(text), "NOT_STARTED", "MEDIUM", "TODO"
	case crm.Communications:
		values["hs_communication_channel_type"], values["hs_communication_logged_from"], values["hs_communication_body"] = "WHATS_APP", "CRM", paragraphs(text)
	}
	a := g.actor(o, at)
	act := g.s.create(a, t, 0, values)
	if t == crm.Calls {
		rep := o.FirstName + " " + o.LastName
		g.s.attach(a, act, "HUBSPOT_GENERATED", spread([]turn{{rep, "Thank you for your time. What is new?"}, {who, text}, {rep, "Good, I will come back to you."}}, 15*time.Minute, "en-US", nil))
	}
	for _, r := range []*object{c, person, deal} {
		g.link(o, act, r)
	}
}
