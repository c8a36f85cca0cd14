package hubsim

import (
	"encoding/json"
	"strings"
)

// participant is one address of an e-mail.
type participant struct {
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
}

// headers is the JSON inside hs_email_headers (emails guide).
type headers struct {
	From   participant   `json:"from"`
	Sender participant   `json:"sender"`
	To     []participant `json:"to"`
	CC     []participant `json:"cc"`
	BCC    []participant `json:"bcc"`
}

// headerProperties are the read-only properties that HubSpot fills from hs_email_headers; several addresses are joined by ";". Unreadable headers fill nothing.
func headerProperties(raw string) map[string]string {
	var h headers
	if json.Unmarshal([]byte(raw), &h) != nil {
		return nil
	}
	join := func(list []participant, f func(participant) string) string {
		var out []string
		for _, p := range list {
			out = append(out, f(p))
		}
		return strings.Join(out, ";")
	}
	address := func(p participant) string { return p.Email }
	return map[string]string{
		"hs_email_from_email": h.From.Email, "hs_email_from_firstname": h.From.FirstName, "hs_email_from_lastname": h.From.LastName,
		"hs_email_sender_email": h.Sender.Email, "hs_email_to_email": join(h.To, address),
		"hs_email_to_firstname": join(h.To, func(p participant) string { return p.FirstName }),
		"hs_email_to_lastname":  join(h.To, func(p participant) string { return p.LastName }),
		"hs_email_cc_email":     join(h.CC, address), "hs_email_bcc_email": join(h.BCC, address),
	}
}
