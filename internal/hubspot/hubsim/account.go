package hubsim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

func (s *Server) ownerView(o *owner) map[string]any {
	v := map[string]any{
		"id": strconv.FormatInt(o.ID, 10), "email": o.Email, "type": "PERSON", "firstName": o.FirstName, "lastName": o.LastName, "userId": o.User,
		"userIdIncludingInactive": o.User, "archived": o.Archived, "createdAt": "2025-01-07T08:00:00Z", "updatedAt": "2025-01-07T08:00:00Z",
	}
	if o.Archived {
		v["userId"] = nil
	}
	return v
}

func (s *Server) listOwners(c *call) reply {
	q := c.URL.Query()
	limit := 100
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 500 {
			return badRequest("Invalid value for limit: %s", v)
		}
		limit = n
	}
	results, skip, archived := []any{}, q.Get("after"), q.Get("archived") == "true"
	for i := range s.portal.Owners {
		o := &s.portal.Owners[i]
		if skip != "" {
			if strconv.FormatInt(o.ID, 10) == skip {
				skip = ""
			}
			continue
		}
		if o.Archived != archived || q.Get("email") != "" && q.Get("email") != o.Email {
			continue
		}
		if len(results) == limit {
			last := results[limit-1].(map[string]any)["id"].(string)
			return ok(map[string]any{"results": results, "paging": map[string]any{"next": map[string]string{"after": last}}})
		}
		results = append(results, s.ownerView(o))
	}
	return ok(map[string]any{"results": results})
}

func (s *Server) readOwner(c *call) reply {
	id, byUser := c.PathValue("owner"), c.URL.Query().Get("idProperty") == "userId"
	for i := range s.portal.Owners {
		o := &s.portal.Owners[i]
		if key := o.ID; byUser && strconv.FormatInt(o.User, 10) == id || !byUser && strconv.FormatInt(key, 10) == id {
			return ok(s.ownerView(o))
		}
	}
	return fail(404, "OBJECT_NOT_FOUND", "Owner not found: "+id)
}

func (s *Server) listPipelines(c *call) reply {
	results := []any{}
	for i, p := range s.portal.Pipelines[c.typ] {
		stages := []any{}
		for j, st := range p.Stages {
			meta := map[string]string{"isClosed": strconv.FormatBool(st.Closed)}
			if c.typ == crm.Deals {
				meta["probability"] = st.Probability
			} else {
				meta["ticketState"] = map[bool]string{true: "CLOSED", false: "OPEN"}[st.Closed]
			}
			stages = append(stages, map[string]any{"id": st.ID, "label": st.Label, "displayOrder": j, "metadata": meta, "archived": false, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT"})
		}
		results = append(results, map[string]any{"id": p.ID, "label": p.Label, "displayOrder": i, "archived": false, "stages": stages,
			"createdAt": "2025-01-07T08:00:00Z", "updatedAt": "2025-01-07T08:00:00Z"})
	}
	return ok(map[string]any{"results": results})
}

func (s *Server) account(*call) reply {
	_, offset := s.now().In(s.portal.location).Zone()
	return ok(map[string]any{
		"portalId": s.opt.Portal, "accountType": "STANDARD", "timeZone": s.portal.TimeZone, "companyCurrency": s.portal.Currency, "additionalCurrencies": s.portal.Currencies,
		"utcOffset": fmt.Sprintf("%+03d:%02d", offset/3600, offset%3600/60), "utcOffsetMilliseconds": offset * 1000, "uiDomain": "app.hubspot.com", "dataHostingLocation": "eu1",
	})
}

const tokenLife = 1800 * time.Second

// token is the OAuth token endpoint: the refresh-token grant only, since the simulator has no login page.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(status, kind, why string) {
		write(w, reply{status: 400, body: map[string]string{"status": status, "error": kind, "error_description": why, "message": why}})
	}
	if err := r.ParseForm(); err != nil {
		refuse("BAD_REQUEST", "invalid_request", err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.PostForm.Get("grant_type") != "refresh_token":
		refuse("BAD_GRANT_TYPE", "unsupported_grant_type", "only refresh_token is supported")
	case r.PostForm.Get("client_secret") != s.opt.ClientSecret:
		refuse("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")
	case r.PostForm.Get("refresh_token") != s.opt.RefreshToken:
		refuse("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
	default:
		t := "access-" + s.nextCorrelation()
		s.tokens[t] = s.elapsed().Add(tokenLife)
		scopes := s.opt.Scopes
		if scopes == nil {
			scopes = []string{"oauth"}
		}
		write(w, ok(map[string]any{"token_type": "bearer", "access_token": t, "refresh_token": s.opt.RefreshToken, "expires_in": int(tokenLife.Seconds()),
			"hub_id": s.opt.Portal, "scopes": scopes, "user_id": s.portal.Owners[0].User, "token_use": "access_token"}))
	}
}
