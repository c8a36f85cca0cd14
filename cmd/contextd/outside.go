package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/outside"
	"github.com/contextd/contextd/internal/store"
)

// outsideOptions are the options of the configured source.
func (c EnrichmentConfig) outsideOptions() outside.Options {
	return outside.Options{URL: c.Source.URL, Token: c.Source.Token.Reveal(), Timeout: c.Source.Timeout, MaxBytes: int64(c.Source.MaxBytes), Private: c.Source.Private == "on"}
}

// checkSource finds settings of the source that do not belong together, and what the source itself would refuse.
func (l *loader) checkSource(cfg Config) {
	c := cfg.Enrichment
	if c.Source.URL != "" {
		if _, err := outside.New(c.outsideOptions()); err != nil {
			l.add("enrichment.source.url: "+err.Error(), string(l.origins["enrichment.source.url"]), "name an https address, or set enrichment.source.private to on for a server in a network of your own")
		}
		return
	}
	for _, set := range []struct{ name, value string }{{"token", c.Source.Token.Reveal()}, {"timeout", c.Source.Timeout.String()}, {"max_bytes", strconv.Itoa(c.Source.MaxBytes)}, {"private", c.Source.Private}} {
		if name := "enrichment.source." + set.name; set.value != l.keys[name].initial {
			l.add(name+" would not be used", string(l.origins[name]), "set enrichment.source.url, or remove it")
		}
	}
}

// audited is the source with an audit entry before each question, without which none is sent, and one after it.
type audited struct {
	source *outside.Source
	db     *store.DB
}

// Company implements engine.Outside.
func (a audited) Company(ctx context.Context, q crm.OutsideQuestion) (crm.OutsideAnswer, error) {
	if err := a.db.AskOutside(ctx, q, a.source.Name()); err != nil {
		return crm.OutsideAnswer{}, err
	}
	answer, err := a.source.Company(ctx, q)
	if aerr := a.db.OutsideAnswered(ctx, q, a.source.Name(), answer); aerr != nil {
		return crm.OutsideAnswer{}, errors.Join(err, aerr)
	}
	return answer, err
}
