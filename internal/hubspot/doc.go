// Package hubspot is everything contextd knows about HubSpot: signatures, webhook bodies, the REST client with its quota ledger, what HubSpot's properties mean as
// crm values, the only door for writes, and the set-up of a portal. One Client speaks for one portal.
//
// Nothing is retried here: the work table owns retries. Errors are crm's kinds; a write whose outcome is not known is crm.ErrUnknown and never resent.
package hubspot
