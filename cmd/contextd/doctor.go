package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/store"
)

// reachable says of an error of HubSpot that whoever runs contextd has to mend what is the matter, where and how; other errors pass.
func reachable(err error, p PortalConfig) error {
	d := &crm.Dependency{Err: err, Misconfigured: true}
	switch {
	case errors.Is(err, crm.ErrForbidden):
		d.Words = fmt.Sprintf("HubSpot refuses the token of portal %s: hubspot.token: check that it is current and has the scopes that `contextd setup hubspot --dry-run` lists", p.PortalID)
	case errors.Is(err, crm.ErrNotFound):
		d.Words = fmt.Sprintf("what answers there is not HubSpot's API: hubspot.base_url %s: set it to https://api.hubapi.com, or leave it out", p.BaseURL)
	case errors.Is(err, crm.ErrTemporary), errors.Is(err, crm.ErrUnknown):
		d.Words, d.Misconfigured = fmt.Sprintf("HubSpot cannot be reached for portal %s: hubspot.base_url %s: see whether this machine reaches it", p.PortalID, p.BaseURL), false
	default:
		return err
	}
	return d
}

// doctor looks at everything that a working installation needs, most basic first.
func doctor(ctx context.Context, cfg Config) []Check {
	checks := []Check{{Name: "config", State: "ok", Detail: fmt.Sprintf("%d files, %d portals", len(cfg.Files), len(cfg.AllPortals()))}}
	add := func(name, fix string, code int, detail string, err error) {
		c := Check{Name: name, State: "ok", Detail: detail}
		if err != nil {
			c.State, c.Detail, c.Fix, c.Code = "fail", err.Error(), fix, code
		}
		checks = append(checks, c)
	}
	detail, err := dataDirectory(ctx, cfg)
	add("data", "make data_dir writable, or start the version that wrote it", exitConfig, detail, err)
	all, err := workflows(cfg)
	add("workflows", "mend the file that is named", exitConfig, fmt.Sprintf("%d loaded", len(all)), err)
	checks = append(checks, indexChecks(ctx, cfg, strings.HasPrefix(detail, runningAt))...)
	checks = append(checks, writerChecks(ctx, cfg)...)
	if strings.HasPrefix(detail, runningAt) {
		checks = append(checks, pauseChecks(ctx, cfg)...)
		checks = append(checks, budgetChecks(ctx, cfg)...)
		checks = append(checks, policyChecks(ctx, cfg)...)
		checks = append(checks, heldChecks(ctx, cfg)...)
	}
	if len(cfg.AllPortals()) == 0 {
		return append(checks, Check{Name: "hubspot", State: "fail", Detail: "no portal is configured", Fix: "set hubspot.portal_id and hubspot.token", Code: exitConfig})
	}
	for _, p := range cfg.AllPortals() {
		checks = append(checks, portalChecks(ctx, cfg, p)...)
	}
	return checks
}

// runningAt begins what is said of a data directory that a service holds.
const runningAt = "a service is running at "

// dataDirectory opens the data, or asks the service that holds it.
func dataDirectory(ctx context.Context, cfg Config) (string, error) {
	db, err := openData(ctx, cfg.DataDir)
	if held := (*store.HeldError)(nil); errors.As(err, &held) {
		l, err := readLocal(cfg.DataDir)
		if err != nil || l.URL == "" {
			return "", fmt.Errorf("%w, and it does not listen", held)
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL+"/readyz", http.NoBody)
		if err != nil {
			return "", err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", fmt.Errorf("the service at %s does not answer: %w", l.URL, err)
		}
		defer res.Body.Close() // only the status counts
		if res.StatusCode != http.StatusOK {
			return "", fmt.Errorf("the service at %s is not ready: %s", l.URL, res.Status)
		}
		return runningAt + l.URL, nil
	}
	if err != nil {
		return "", err
	}
	size := int64(0)
	files, err := filepath.Glob(filepath.Join(cfg.DataDir, "vectors.flat*"))
	for _, f := range files {
		if info, serr := os.Stat(f); serr == nil {
			size += info.Size()
		}
	}
	return fmt.Sprintf("%s, vectors %d KiB", cfg.DataDir, size>>10), errors.Join(err, db.Close())
}

func portalChecks(ctx context.Context, cfg Config, p PortalConfig) []Check {
	name := "hubspot " + p.PortalID.String()
	client, err := newClient(cfg, p, nil)
	if err != nil {
		return []Check{{Name: name, State: "fail", Detail: err.Error(), Fix: "set hubspot.token", Code: exitConfig}}
	}
	account, err := client.Account(ctx)
	if err != nil {
		err = reachable(err, p)
		return []Check{{Name: name, State: "fail", Detail: err.Error(), Fix: "check hubspot.token and hubspot.base_url", Code: exitCode(err)}}
	}
	checks := []Check{{Name: name, State: "ok", Detail: fmt.Sprintf("%s, %s, %s", account.Kind, account.TimeZone, account.Currency)}, appCheck(ctx, cfg, p)}
	if p.ClientSecret == "" {
		checks = append(checks, Check{Name: name + " webhooks", State: "warn", Detail: "no client secret: every webhook will be refused", Fix: "set hubspot.client_secret"})
	}
	cfg.Portal = p.PortalID
	r, err := setupHubSpot(ctx, cfg, true)
	switch {
	case err != nil:
		checks = append(checks, Check{Name: name + " properties", State: "fail", Detail: err.Error(), Fix: "rename or delete the property that is named", Code: exitCode(err)})
	case len(r.Created) > 0:
		slices.Sort(r.Created)
		checks = append(checks, Check{Name: name + " properties", State: "warn", Detail: fmt.Sprintf("missing: %v", r.Created), Fix: "run contextd setup hubspot"})
	default:
		checks = append(checks, Check{Name: name + " properties", State: "ok", Detail: fmt.Sprintf("%d present", len(r.Present))})
	}
	state := "writing is on: what was approved is written"
	if !p.WriteOn() {
		state = "writing is off: everything waits for review and nothing is written"
	}
	return append(checks, Check{Name: name + " write", State: "ok", Detail: state})
}

// appCheck says under which app HubSpot shows what contextd writes: only then a person's change is told from our own for sure.
func appCheck(ctx context.Context, cfg Config, p PortalConfig) Check {
	c := Check{Name: "hubspot " + p.PortalID.String() + " app", State: "ok"}
	learned, err := ownApps(ctx, cfg, p.PortalID)
	shown := strings.Join(learned, ", ")
	switch {
	case err != nil:
		c.State, c.Detail, c.Fix = "warn", err.Error(), "see what is said of the data"
	case p.AppID == "" && shown == "":
		c.Detail = "not known yet: HubSpot shows it with the first write, or set hubspot.app_id"
	case p.AppID == "":
		c.Detail = shown + ", as HubSpot showed with what was written"
	case shown == "" || slices.Contains(learned, p.AppID):
		c.Detail = p.AppID + ", as configured"
	default:
		c.State, c.Detail, c.Fix = "warn", fmt.Sprintf("hubspot.app_id is %s, and HubSpot shows what was written as the work of %s", p.AppID, shown), "set hubspot.app_id to the app whose token is used, or leave it out"
	}
	return c
}

// ownApps lists what was learned, from the data or from the service that holds it.
func ownApps(ctx context.Context, cfg Config, portal crm.PortalID) (ids []string, err error) {
	db, err := openData(ctx, cfg.DataDir)
	if held := (*store.HeldError)(nil); errors.As(err, &held) {
		l, err := readLocal(cfg.DataDir)
		if err != nil {
			return nil, err
		}
		cfg.Portal = portal
		st, err := readStatus(ctx, &apiClient{http: &http.Client{Timeout: 10 * time.Second}, base: l.URL, token: scoped(l.Token, cfg)})
		for _, a := range st.Read.HubSpot.Apps {
			if a.LearnedAt != nil {
				ids = append(ids, a.ID)
			}
		}
		return ids, err
	}
	if err != nil {
		return nil, err
	}
	learned, err := db.OwnApps(ctx, portal)
	for _, a := range learned {
		ids = append(ids, a.ID)
	}
	return ids, errors.Join(err, db.Close())
}
