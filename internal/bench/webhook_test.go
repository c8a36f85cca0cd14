package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/hubspot"
	"github.com/contextd/contextd/internal/inbox"
	"github.com/contextd/contextd/internal/store"
)

const (
	portal    = crm.PortalID(4711)
	publicURL = "https://contextd.test"
	hookPath  = "/webhooks/hubspot"
	secret    = "the-secret-of-a-made-up-app"

	clients      = 64
	perDelivery  = 100 // events; the most that HubSpot sends at once
	answered     = 2000
	decodedFully = 60 // deliveries of a round that waits for all events to be stored and marked
)

// delivery is one signed request.
type delivery struct {
	body   []byte
	header http.Header
}

// deliveries are made before the clock starts. No two events are the same, as in life; first numbers them.
func deliveries(n int, first *int) []delivery {
	out := make([]delivery, n)
	at := time.Now()
	types := []string{"0-1", "0-2", "0-3", "0-48", "0-47", "0-49", "0-46", "0-27"} // contacts, companies, deals, calls, meetings, emails, notes, tasks
	for i := range out {
		var body bytes.Buffer
		body.WriteByte('[')
		for j := range perDelivery {
			if j > 0 {
				body.WriteByte(',')
			}
			*first++
			fmt.Fprintf(&body, `{"eventId":%d,"subscriptionId":7001,"portalId":%d,"appId":987,"occurredAt":%d,"subscriptionType":"object.propertyChange","attemptNumber":0,`+
				`"objectId":%d,"objectTypeId":%q,"propertyName":"hs_lastmodifieddate","propertyValue":"%d","changeSource":"CRM_UI","sourceId":"userId:42","isSensitive":false}`,
				*first, portal, at.UnixMilli(), 9_000_000+*first, types[j%len(types)], *first)
		}
		body.WriteByte(']')
		header := http.Header{"Content-Type": {"application/json"}}
		header.Set(hubspot.TimestampHeader, strconv.FormatInt(at.UnixMilli(), 10))
		header.Set(hubspot.SignatureHeader, hubspot.SignV3(secret, http.MethodPost, publicURL+hookPath, body.Bytes(), at))
		out[i] = delivery{body.Bytes(), header}
	}
	return out
}

// send puts all deliveries through a handler from many clients at once; anything but 200 ends the benchmark.
func send(b *testing.B, h http.Handler, all []delivery) {
	b.Helper()
	target, err := url.Parse(hookPath)
	if err != nil {
		b.Fatal(err)
	}
	var next, refused atomic.Int64
	var done sync.WaitGroup
	for range clients {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
				d := all[i]
				w := httptest.NewRecorder()
				h.ServeHTTP(w, &http.Request{Method: http.MethodPost, URL: target, RequestURI: hookPath, Header: d.header, Body: io.NopCloser(bytes.NewReader(d.body)),
					ContentLength: int64(len(d.body)), RemoteAddr: "127.0.0.1:40000", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1})
				if w.Code != http.StatusOK {
					refused.Add(1)
				}
			}
		})
	}
	done.Wait()
	if n := refused.Load(); n > 0 {
		b.Fatalf("%d of %d deliveries were not answered 200", n, len(all))
	}
}

func verifier() hubspot.Verifier {
	return hubspot.Verifier{Secrets: []string{secret}, PublicURL: publicURL}
}

// own decodes as the product does; plain as little as encoding/json lets one, into the fields that matter.
func own(body []byte) (int, error) {
	events, bad, err := hubspot.DecodeEvents(body)
	return len(events) - len(bad), err
}

func plain(body []byte) (int, error) {
	var events []struct {
		PortalID, OccurredAt, ObjectID, SubscriptionID                                                       int64
		SubscriptionType, ObjectTypeID, PropertyName, PropertyValue, ChangeSource, SourceID, AssociationType string
	}
	err := json.Unmarshal(body, &events)
	return len(events), err
}

// bareGin reads, verifies and decodes a delivery, keeps nothing and answers.
func bareGin(decode func([]byte) (int, error)) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	v, e := verifier(), gin.New()
	e.POST(hookPath, func(c *gin.Context) {
		body, err := io.ReadAll(c.Request.Body)
		if err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		if err := v.Verify(c.Request, body); err != nil {
			c.Status(http.StatusUnauthorized)
			return
		}
		if n, err := decode(body); err != nil || n != perDelivery {
			c.Status(http.StatusBadRequest)
			return
		}
		c.Status(http.StatusOK)
	})
	return e
}

func openStore(b *testing.B, dir string) *store.DB {
	b.Helper()
	db, err := store.Open(b.Context(), dir, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// beside runs the inbox while f runs.
func beside(b *testing.B, db *store.DB, f func()) {
	b.Helper()
	in := &inbox.Inbox{Store: db, Portals: map[crm.PortalID]inbox.App{portal: {Own: func(app string) bool { return app == "987" }}}, Log: slog.New(slog.DiscardHandler),
		Decode: func(body []byte) ([]crm.Event, []error, error) {
			events, _, err := hubspot.DecodeEvents(body)
			return events, nil, err
		}}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	var err error
	running.Go(func() { err = in.Run(ctx) })
	f()
	stop()
	running.Wait()
	if err != nil {
		b.Fatal(err)
	}
}

// allDecoded waits until every delivery has become events and marks.
func allDecoded(b *testing.B, db *store.DB) {
	b.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		left, err := db.Undecoded(b.Context(), 1)
		if err != nil {
			b.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		<-tick.C
	}
}

type webhookRound struct{ bare, json, alone, withInbox, whole float64 } // requests per second

func BenchmarkWebhook(b *testing.B) {
	event := 0
	bare, withJSON := bareGin(own), bareGin(plain)
	fresh := func(f func(*store.DB)) {
		db := openStore(b, b.TempDir())
		f(db)
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	got, unsound := alternate(b, true, func() (r webhookRound) {
		all := deliveries(answered, &event)
		r.bare = answered / took(func() { send(b, bare, all) })
		r.json = answered / took(func() { send(b, withJSON, all) })
		fresh(func(db *store.DB) {
			h := door(db)
			r.alone = answered / took(func() { send(b, h, all) })
		})
		fresh(func(db *store.DB) {
			h := door(db)
			beside(b, db, func() { r.withInbox = answered / took(func() { send(b, h, all) }) })
		})
		fresh(func(db *store.DB) {
			h := door(db)
			beside(b, db, func() {
				r.whole = decodedFully / took(func() {
					send(b, h, all[:decodedFully])
					allDecoded(b, db)
				})
			})
			if s, err := db.Status(b.Context(), portal); err != nil || s.Events.Received != decodedFully*perDelivery {
				b.Fatalf("status %+v, %v: want %d events", s.Events, err, decodedFully*perDelivery)
			}
		})
		return r
	})
	own := func(r webhookRound) float64 { return r.bare }
	plain := func(r webhookRound) float64 { return r.json }
	door := func(r webhookRound) float64 { return r.alone }
	busy := func(r webhookRound) float64 { return r.withInbox }
	whole := func(r webhookRound) float64 { return r.whole }
	for _, g := range []struct {
		goal
		ours, theirs func(webhookRound) float64
	}{
		{goal{name: "W1 webhook", limit: 0.30, what: "signed, stored durably, answered, 64 clients / bare gin: read, verified, decoded by the same decoder, answered"}, door, own},
		{goal{name: "W1 with inbox", limit: 0.30, what: "the same while the inbox decodes, stores and marks what arrived / the same bare gin"}, busy, own},
		{goal{name: "W1 with inbox, json", limit: 0.30, what: "the same with inbox / bare gin that decodes with encoding/json, unchecked"}, busy, plain},
		{goal{name: "W1 to the last event", what: "until every event of 60 deliveries is stored and marked as work / bare gin with the same decoder"}, whole, own},
	} {
		g.ratios, g.unsound = column(got, func(r webhookRound) float64 { return g.ours(r) / g.theirs(r) }), unsound
		g.note = fmt.Sprintf("%.0f / %.0f deliveries per s", median(column(got, g.ours)), median(column(got, g.theirs)))
		measured.add(b, g.goal)
	}
}
