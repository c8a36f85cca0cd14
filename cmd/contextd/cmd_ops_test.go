package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/contextd/contextd/internal/crm"
)

var hubspotEnv = []string{"CONTEXTD_HUBSPOT__TOKEN=t", "CONTEXTD_HUBSPOT__CLIENT_SECRET=s", "CONTEXTD_HUBSPOT__PORTAL_ID=7"}

func TestSetupDoctorAndPlans(t *testing.T) {
	var dry bool
	cmds := connected("http://127.0.0.1:1")
	cmds.setup = func(_ context.Context, cfg Config, d bool) (SetupReport, error) {
		dry = d
		p, err := cfg.Selected()
		return SetupReport{Portal: p.PortalID, DryRun: d, Created: []string{"companies.ai_summary"}, Scopes: []string{"crm.objects.companies.write"}, Webhooks: []string{"company.propertyChange"}, Target: cfg.PublicURL("") + "/webhooks/hubspot"}, err
	}
	cmds.doctor = func(context.Context, Config) []Check {
		return []Check{{Name: "config", State: "ok", Detail: "3 values"}, {Name: "hubspot token", State: "fail", Detail: "401", Fix: "make a new token", Code: exitUnreachable}, {Name: "disk", State: "fail"}}
	}
	cmds.planIndex = func(_ context.Context, _ Config, o indexOrder) (IndexPlan, error) {
		return IndexPlan{Objects: map[crm.ObjectType]int{crm.Calls: o.Limit, crm.Notes: 3}, Requests: 4}, nil
	}
	setup, _ := transcript(t, cmds, hubspotEnv, "", "setup", "hubspot", "--dry-run")
	if !dry {
		t.Error("--dry-run did not arrive")
	}
	missing, _ := transcript(t, cmds, nil, "", "setup", "hubspot")
	doctor, _ := transcript(t, cmds, nil, "", "doctor")
	lines, _ := transcript(t, cmds, nil, "", "doctor", "-o", "jsonl")
	plan, _ := transcript(t, cmds, hubspotEnv, "", "index", "--dry-run", "--limit", "200")
	golden(t, "operations.txt", setup+missing+doctor+lines+plan)
}

func TestServeAndDemoGetTheirOptions(t *testing.T) {
	var served Config
	var shown demoOptions
	cmds := commands{
		serve: func(_ context.Context, cfg Config, _ *output) error { served = cfg; return nil },
		demo:  func(_ context.Context, o demoOptions, _ *output) error { shown = o; return nil },
	}
	if text, code := transcript(t, cmds, hubspotEnv, "", "serve", "--listen", ":1234", "--data-dir", "/d"); code != 0 || served.Server.Listen != ":1234" || served.DataDir != "/d" || served.HubSpot.Token != "t" {
		t.Errorf("serve got %+v\n%s", served, text)
	}
	if text, code := transcript(t, cmds, hubspotEnv[:1], "", "serve"); code != exitConfig || strings.Count(text, "contextd: ") != 2 {
		t.Errorf("serve without portal and secret: exit %d\n%s", code, text)
	}
	if _, code := transcript(t, cmds, hubspotEnv, "", "serve", "--portal", "7"); code != exitUsage {
		t.Errorf("serve --portal: exit %d", code)
	}
	want := demoOptions{Listen: ":1", SimListen: ":2", DataDir: "/d", Once: true, Log: LogConfig{Level: "debug", Format: "auto"}}
	if text, code := transcript(t, cmds, nil, "", "demo", "--listen", ":1", "--sim-listen", ":2", "--data-dir", "/d", "--once", "--log-level", "debug"); code != 0 || shown != want {
		t.Errorf("demo got %+v\n%s", shown, text)
	}
	for _, line := range []string{"demo --portal 7", "demo --config x", "demo --listen x", "demo --log-level loud"} {
		if text, code := transcript(t, cmds, nil, "", strings.Fields(line)...); code != exitUsage {
			t.Errorf("%s: exit %d\n%s", line, code, text)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, 0}, {&os.PathError{Op: "open", Path: "x", Err: os.ErrNotExist}, 1}, {&os.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, 1}, {errors.New("x"), 1}, {usagef("x"), 2}, {&configError{}, 3}, {fmt.Errorf("open: %w", withExit(exitConfig, errors.New("schema version"))), 3},
		{fmt.Errorf("read: %w", crm.ErrTemporary), 4}, {&url.Error{Op: "Get", Err: errors.New("refused")}, 4}, {&apiError{status: 503}, 4}, {&apiError{status: 429}, 4},
		{&apiError{status: 409}, 1}, {withExit(exitPartial, errors.New("x")), 5}, {withExit(exitEvaluation, errors.New("x")), 6},
		{fmt.Errorf("wait: %w", context.Canceled), 130}, {&url.Error{Op: "Get", Err: context.Canceled}, 130}, {context.DeadlineExceeded, 4},
	} {
		if got := exitCode(c.err); got != c.code {
			t.Errorf("exitCode(%v) = %d, want %d", c.err, got, c.code)
		}
	}
}

func TestTimesAreReadInThreeForms(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{"": "", "2026-01-31": "2026-01-31T00:00:00Z", "2026-01-31T10:00:00+02:00": "2026-01-31T08:00:00Z", "24h": "2026-11-22T12:00:00Z", "7d": "2026-11-16T12:00:00Z"} {
		if got, err := timeArg("since", in, now); err != nil || got != want {
			t.Errorf("timeArg(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"x", "-1h", "-3d", "2026-02-30"} {
		if got, err := timeArg("since", in, now); err == nil {
			t.Errorf("timeArg(%q) = %q, want an error", in, got)
		}
	}
}

func TestBarsEndEvenWhenTheirWorkDoesNot(t *testing.T) {
	var screen strings.Builder
	p := newProgress(&output{Stderr: io.Discard})
	p.bars = mpb.New(mpb.WithOutput(&screen), mpb.WithAutoRefresh())
	p.count("calls", 25, 100)
	p.count("notes", 10, 10)
	p.count("calls", 50, 100)
	p.count("notes", 9, 10)
	p.count("tasks", 7, 1)
	p.close()
	p.close()
	for _, want := range []string{"calls", "50 / 100", "50 %", "notes", "tasks"} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("%q is not on the screen: %q", want, screen.String())
		}
	}
}

func TestProgressWithoutATerminalSpeaksSeldom(t *testing.T) {
	var text strings.Builder
	now := time.Unix(0, 0)
	p := newProgress(&output{Stderr: &text})
	p.now, p.said = func() time.Time { return now }, now
	p.count("calls", 1, 100)
	p.count("calls", 50, 100)
	p.count("calls", 52, 100)
	now = now.Add(6 * time.Second)
	p.count("calls", 61, 100)
	p.close()
	if want := "indexed: calls 50 of 100\nindexed: calls 61 of 100 (10/s, 4s left)\n"; text.String() != want {
		t.Errorf("said %q, want %q", text.String(), want)
	}
}
