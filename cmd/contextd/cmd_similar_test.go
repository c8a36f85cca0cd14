package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSimilarTranscripts(t *testing.T) {
	found := answer{200, "", fixture(t, "similar.json")}
	for _, c := range []struct {
		name string
		args []string
		asks map[string][]answer
	}{
		{"similar", []string{"similar", "companies/101", "--outcome", "won, lost", "--same-industry", "--same-size", "--min-employees", "20", "--max-employees", "900", "--as-of", "2026-06-01", "--limit", "2", "--explain"},
			map[string][]answer{"GET /records/companies/101/similar?as_of=2026-06-01T00%3A00%3A00Z&limit=2&max_employees=900&min_employees=20&outcomes=won%2Clost&same_industry=true&same_size=true": {found}}},
		{"similar_jsonl", []string{"similar", "deals/9", "--industry", "STEEL", "-o", "jsonl"}, map[string][]answer{"GET /records/deals/9/similar?industry=STEEL": {found}}},
		{"similar_none", []string{"similar", "companies/404"}, map[string][]answer{}},
		{"similar_usage", []string{"similar", "calls/1"}, map[string][]answer{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := &script{t: t, answers: c.asks}
			server := httptest.NewServer(service)
			defer server.Close()
			text, _ := transcript(t, connected(server.URL), nil, "", c.args...)
			golden(t, c.name+".txt", text+"-- requests --\n"+strings.Join(service.log, "\n")+"\n")
		})
	}
}
