package hubspot

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

const (
	cacheFor  = time.Minute // short, so that an erased contact's name does not linger
	cacheMost = 10_000
)

type cachedPerson struct {
	person crm.Person
	emails []string
	until  time.Time
}

type cachedSkip struct {
	skip  bool
	until time.Time
}

func lowerEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func fullName(first, last string) string {
	return strings.TrimSpace(strings.TrimSpace(first) + " " + strings.TrimSpace(last))
}

// addPeople fills People from mail headers, owners and linked contacts. Contacts that could not be read are a crm.Partly, and what they are on lacks them.
func (c *Client) addPeople(ctx context.Context, list []crm.Activity, raw []wireObject) error {
	if len(list) == 0 {
		return nil
	}
	var owners, contacts []string
	for _, a := range list {
		if a.OwnerID != "" {
			owners = append(owners, a.OwnerID)
		}
		for _, r := range a.Links.Contacts {
			contacts = append(contacts, r.ID)
		}
	}
	known, err := c.knownOwners(ctx, owners)
	if err != nil {
		return err
	}
	failed := c.failures()
	people, err := c.contactsByID(ctx, contacts)
	if err = failed.take(crm.Contacts, err); err != nil {
		return err
	}
	for i := range list {
		list[i].People = peopleOf(list[i], raw[i], known, people)
	}
	return failed.err()
}

// peopleOf joins the three sources: a mail's header says roles, owners are ours, linked contacts have references.
func peopleOf(a crm.Activity, o wireObject, owners ownerCache, contacts map[string]cachedPerson) []crm.Person {
	var out []crm.Person
	if a.Ref.Type == crm.Emails {
		out = mailPeople(o)
	}
	for i, p := range out {
		if owner, ok := owners.byEmail[lowerEmail(p.Email)]; ok && p.Email != "" {
			out[i].Ours = true
			if p.Name == "" {
				out[i].Name = owner.Name
			}
		}
	}
	if owner, ok := owners.byID[a.OwnerID]; ok && a.OwnerID != "" && !hasEmail(out, owner.Email) {
		out = append(out, crm.Person{Name: owner.Name, Email: owner.Email, Role: "owner", Ours: true})
	}
	for _, ref := range a.Links.Contacts {
		contact, ok := contacts[ref.ID]
		if !ok {
			continue // archived since
		}
		found := false
		for i, p := range out {
			if p.Email != "" && slices.Contains(contact.emails, lowerEmail(p.Email)) {
				found = true
				out[i].Ref = ref
				if p.Name == "" {
					out[i].Name = contact.person.Name
				}
			}
		}
		if !found {
			p := contact.person
			p.Role, p.Ref = "associated", ref
			out = append(out, p)
		}
	}
	return out
}

func hasEmail(people []crm.Person, email string) bool {
	return email != "" && slices.ContainsFunc(people, func(p crm.Person) bool { return lowerEmail(p.Email) == lowerEmail(email) })
}

type mailAddress struct {
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
}

// mailPeople reads hs_email_headers, a JSON text; where it is missing or broken, the flat properties that HubSpot derives from it.
func mailPeople(o wireObject) []crm.Person {
	var h struct {
		From mailAddress   `json:"from"`
		To   []mailAddress `json:"to"`
		Cc   []mailAddress `json:"cc"`
		Bcc  []mailAddress `json:"bcc"`
	}
	if json.Unmarshal([]byte(o.text("hs_email_headers")), &h) != nil || h.From.Email == "" && len(h.To) == 0 {
		h.From = mailAddress{o.text("hs_email_from_email"), o.text("hs_email_from_firstname"), o.text("hs_email_from_lastname")}
		h.To, h.Cc, h.Bcc = splitEmails(o.text("hs_email_to_email")), splitEmails(o.text("hs_email_cc_email")), splitEmails(o.text("hs_email_bcc_email"))
	}
	var out []crm.Person
	add := func(role string, list ...mailAddress) {
		for _, a := range list {
			p := crm.Person{Name: fullName(a.FirstName, a.LastName), Email: strings.TrimSpace(a.Email), Role: role}
			if (p.Email != "" || p.Name != "") && !(p.Email != "" && hasEmail(out, p.Email)) {
				out = append(out, p)
			}
		}
	}
	add("from", h.From)
	add("to", h.To...)
	add("cc", h.Cc...)
	add("bcc", h.Bcc...)
	return out
}

func splitEmails(s string) []mailAddress {
	var out []mailAddress
	for _, e := range strings.Split(s, ";") {
		if e = strings.TrimSpace(e); e != "" {
			out = append(out, mailAddress{Email: e})
		}
	}
	return out
}

// contactsByID reads names and addresses, remembered for a minute. Contacts that are gone are absent; those that could not be read are a partly, beside the others.
func (c *Client) contactsByID(ctx context.Context, ids []string) (map[string]cachedPerson, error) {
	now, out := time.Now(), map[string]cachedPerson{}
	var missing []string
	c.mu.Lock()
	for _, id := range ids {
		if p, ok := c.contacts[id]; ok && now.Before(p.until) {
			out[id] = p
		} else if !slices.Contains(missing, id) {
			missing = append(missing, id)
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 || !c.wants(crm.Contacts) {
		return out, nil
	}
	names := slices.DeleteFunc([]string{"firstname", "lastname", "email", "hs_additional_emails"}, c.excluded)
	objects, err := c.batchRead(ctx, crm.Contacts, missing, names, nil)
	failed := map[string]error{}
	if err = apart(err, failed); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.contacts) > cacheMost {
		clear(c.contacts)
	}
	for _, o := range objects {
		p := cachedPerson{person: crm.Person{Name: fullName(o.text("firstname"), o.text("lastname")), Email: o.text("email")}, until: now.Add(cacheFor)}
		for _, e := range strings.Split(o.text("email")+";"+o.text("hs_additional_emails"), ";") {
			if e = lowerEmail(e); e != "" {
				p.emails = append(p.emails, e)
			}
		}
		out[string(o.ID)], c.contacts[string(o.ID)] = p, p
	}
	return out, together(failed)
}

// optedOut tells which records carry the property that asks to be left alone; remembered for a minute. Those that could not be read are a crm.Partly.
func (c *Client) optedOut(ctx context.Context, refs []crm.Ref) (map[crm.Ref]bool, error) {
	out := map[crm.Ref]bool{}
	if c.opt.SkipWhen == "" {
		return out, nil
	}
	failed := c.failures()
	now, missing, seen := time.Now(), map[crm.ObjectType][]string{}, map[crm.Ref]bool{}
	c.mu.Lock()
	for _, r := range refs {
		if s, ok := c.skipped[r]; ok && now.Before(s.until) {
			out[r] = s.skip
		} else if !seen[r] {
			seen[r] = true
			missing[r.Type] = append(missing[r.Type], r.ID)
		}
	}
	c.mu.Unlock()
	for t, ids := range missing {
		objects, err := c.batchRead(ctx, t, ids, []string{c.opt.SkipWhen}, nil)
		if err = failed.take(t, err); err != nil {
			return nil, err
		}
		c.mu.Lock()
		if len(c.skipped) > cacheMost {
			clear(c.skipped)
		}
		for _, o := range objects {
			r := crm.Ref{Portal: c.opt.Portal, Type: t, ID: string(o.ID)}
			out[r] = isSet(o.text(c.opt.SkipWhen))
			c.skipped[r] = cachedSkip{skip: out[r], until: now.Add(cacheFor)}
		}
		c.mu.Unlock()
	}
	return out, failed.err()
}
