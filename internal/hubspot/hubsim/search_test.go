package hubsim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSearch(t *testing.T) {
	s := start(t, Options{SearchLimit: -1, RateLimit: -1})
	c := s.made("contacts", `{"properties":{"email":"kim@x.example","firstname":"Kim"}}`)
	var ids []string
	for i, amount := range []string{"10", "9", "100", ""} {
		ids = append(ids, s.made("deals", fmt.Sprintf(`{"properties":{"dealname":"Deal number %d","dealstage":"contractsent","amount":"%s","closedate":"2026-12-1%d"},"associations":["contacts/%s"]}`, i, amount, i, c)))
	}
	gone := s.made("deals", `{"properties":{"dealname":"Deal gone","dealstage":"closedlost","amount":"50"}}`)
	s.want(204, "DELETE", o+"deals/"+gone, nil)
	find := func(filters, sort string) string {
		a := s.want(200, "POST", o+"deals/search", `{"filterGroups":[{"filters":[`+filters+`]}],"sorts":[`+sort+`],"properties":["amount"],"limit":200,"after":"0"}`)
		var hits []string
		for _, r := range a.path("results").([]any) {
			for i, id := range ids {
				if r.(map[string]any)["id"] == id {
					hits = append(hits, fmt.Sprint(i))
				}
			}
		}
		if int(a.path("total").(float64)) != len(hits) {
			t.Errorf("total %v of %v hits", a.path("total"), hits)
		}
		return strings.Join(hits, "")
	}
	f := func(p, op, rest string) string {
		return `{"propertyName":"` + p + `","operator":"` + op + `"` + rest + `}`
	}
	for _, tc := range []struct{ filters, sort, want string }{
		{f("amount", "GT", `,"value":"9"`), "", "02"},
		{f("amount", "GTE", `,"value":9`), `{"propertyName":"amount","direction":"DESCENDING"}`, "201"},
		{f("amount", "LT", `,"value":"10"`), "", "1"},
		{f("amount", "LTE", `,"value":"10"`), `"amount"`, "10"},
		{f("amount", "EQ", `,"value":"100.0"`), "", "2"},
		{f("amount", "NEQ", `,"value":"100"`), "", "013"},
		{f("amount", "BETWEEN", `,"value":"9","highValue":"10"`), "", "01"},
		{f("amount", "IN", `,"values":["9","100"]`), "", "12"},
		{f("amount", "NOT_IN", `,"values":["9","100"]`), "", "03"},
		{f("amount", "HAS_PROPERTY", ``), "", "012"},
		{f("amount", "NOT_HAS_PROPERTY", ``), "", "3"},
		{f("dealname", "CONTAINS_TOKEN", `,"value":"num*"`), "", "0123"},
		{f("dealname", "CONTAINS_TOKEN", `,"value":"num"`), "", ""},
		{f("dealname", "NOT_CONTAINS_TOKEN", `,"value":"2"`), "", "013"},
		{f("closedate", "GTE", `,"value":"1797033600000"`), "", "23"},
		{f("associations.contact", "EQ", `,"value":"`+c+`"`) + "," + f("amount", "EQ", `,"value":"9"`), "", "1"},
		{f("associations.company", "EQ", `,"value":"`+c+`"`), "", ""},
		{f("hs_object_id", "GT", `,"value":"`+ids[1]+`"`), `{"propertyName":"hs_object_id","direction":"ASCENDING"}`, "23"},
	} {
		if got := find(tc.filters, tc.sort); got != tc.want {
			t.Errorf("%s sorted by %q: deals %q, want %q", tc.filters, tc.sort, got, tc.want)
		}
	}
	if a := s.want(200, "POST", o+"deals/search", `{"query":"deal numb","limit":3}`); a.path("total") != 4.0 || a.str("paging", "next", "after") != "3" {
		t.Errorf("query: %s", a.raw)
	}
	if a := s.want(200, "POST", o+"contacts/search", `{"filterGroups":[{"filters":[{"propertyName":"hs_lastmodifieddate","operator":"GTE","value":"0"}]}]}`); a.path("total") != 0.0 {
		t.Errorf("contacts have no hs_lastmodifieddate: %s", a.raw)
	}
	if a := s.want(200, "POST", o+"contacts/search", `{"filterGroups":[{"filters":[{"propertyName":"lastmodifieddate","operator":"GTE","value":"0"}]}]}`); a.path("total") != 1.0 {
		t.Errorf("but lastmodifieddate: %s", a.raw)
	}
}

func TestSearchLimits(t *testing.T) {
	s := start(t, Options{SearchLimit: -1})
	one := `{"propertyName":"amount","operator":"HAS_PROPERTY"}`
	many := func(n int, v string) string { return strings.Repeat(v+",", n-1) + v }
	group := func(n int) string { return `{"filters":[` + many(n, one) + `]}` }
	for name, body := range map[string]string{
		"page":     `{"limit":201}`,
		"beyond":   `{"limit":200,"after":"9900"}`,
		"groups":   `{"filterGroups":[` + many(6, group(1)) + `]}`,
		"filters":  `{"filterGroups":[` + group(7) + `]}`,
		"total":    `{"filterGroups":[` + many(4, group(5)) + `]}`,
		"sorts":    `{"sorts":["amount","dealname"]}`,
		"operator": `{"filterGroups":[{"filters":[{"propertyName":"amount","operator":"LIKE"}]}]}`,
		"property": `{"filterGroups":[{"filters":[{"propertyName":"nope","operator":"EQ"}]}]}`,
		"body":     `{"query":"` + strings.Repeat("é", 3000) + `"}`,
	} {
		if a := s.call("POST", o+"deals/search", body); a.status != 400 || a.str("category") != "VALIDATION_ERROR" {
			t.Errorf("%s: %d %.200s", name, a.status, a.raw)
		}
	}
	s.want(200, "POST", o+"deals/search", `{"limit":200,"after":"9800"}`)
	s.want(200, "POST", o+"deals/search", `{"filterGroups":[`+many(3, group(6))+`]}`)
}

func TestSearchLagsBehind(t *testing.T) {
	now := fixed()
	s := start(t, Options{IndexLag: 5 * time.Second, Clock: func() time.Time { return now }, RateLimit: -1})
	id := s.made("deals", `{"properties":{"dealname":"Old","dealstage":"contractsent"}}`)
	total := func(name string) any {
		return s.want(200, "POST", o+"deals/search", `{"filterGroups":[{"filters":[{"propertyName":"dealname","operator":"EQ","value":"`+name+`"}]}]}`).path("total")
	}
	if total("Old") != 0.0 {
		t.Error("a deal is found before the lag is over")
	}
	if a := s.want(200, "POST", o+"deals/search", `{}`); a.path("total") != 0.0 {
		t.Error("a deal is listed before the lag is over")
	}
	s.Advance(6 * time.Second)
	s.want(200, "PATCH", o+"deals/"+id, `{"properties":{"dealname":"New"}}`)
	if total("Old") != 1.0 || total("New") != 0.0 {
		t.Error("the index knows the new name already")
	}
	s.Advance(6 * time.Second)
	if total("Old") != 0.0 || total("New") != 1.0 {
		t.Error("the index never caught up")
	}
}

func TestRateLimits(t *testing.T) {
	now := fixed()
	slow := start(t, Options{SearchLimit: 1, Clock: func() time.Time { return now }})
	slow.want(200, "POST", o+"deals/search", `{}`)
	slow.want(429, "POST", o+"deals/search", `{}`)
	slow.Advance(time.Second)
	slow.want(200, "POST", o+"deals/search", `{}`)
	s := start(t, Options{RateLimit: 8, DailyLimit: 12, SearchLimit: 5, Clock: func() time.Time { return now }})
	for i := range 5 {
		if a := s.want(200, "POST", o+"deals/search", `{}`); a.header.Get("X-HubSpot-RateLimit-Max") != "" {
			t.Fatalf("search %d carries rate-limit headers", i)
		}
	}
	a := s.want(429, "POST", o+"deals/search", `{}`)
	if a.str("policyName") != "SECONDLY" || a.str("errorType") != "RATE_LIMIT" || a.header.Get("X-HubSpot-RateLimit-Max") != "" {
		t.Errorf("search: %s %v", a.raw, a.header)
	}
	for want := range 3 {
		a = s.want(200, "GET", o+"deals", nil)
		if got := a.header.Get("X-HubSpot-RateLimit-Remaining"); got != fmt.Sprint(2-want) || a.header.Get("X-HubSpot-RateLimit-Max") != "8" || a.header.Get("X-HubSpot-RateLimit-Interval-Milliseconds") != "10000" {
			t.Errorf("remaining %q, want %d: %v", got, 2-want, a.header)
		}
	}
	a = s.want(429, "GET", o+"deals", nil)
	if a.str("policyName") != "TEN_SECONDLY_ROLLING" || a.str("message") != "You have reached your ten_secondly_rolling limit." || a.str("correlationId") == "" {
		t.Errorf("burst: %s", a.raw)
	}
	s.Advance(11 * time.Second)
	for range 4 {
		a = s.want(200, "GET", o+"deals", nil)
	}
	if a.header.Get("X-HubSpot-RateLimit-Daily-Remaining") != "0" {
		t.Errorf("daily: %v", a.header)
	}
	if a = s.want(429, "GET", o+"deals", nil); a.str("policyName") != "DAILY" {
		t.Errorf("daily: %s", a.raw)
	}
	s.Advance(24 * time.Hour)
	s.want(200, "GET", o+"deals", nil)
	if s.Refused() != 3 || s.State().RateLimited != 3 {
		t.Errorf("%d answers 429 counted, want 3", s.Refused())
	}
}
