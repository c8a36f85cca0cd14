// Package safety owns the tests that give the product to a model that does whatever its texts demand, with every attack of the safety set in mails, notes and transcripts, and count what
// comes of it: in the simulated HubSpot, in the suggestions, in the audit and in the logs. The set is not part of the repository; the tests run through `make eval EVAL_DATA=DIR`
// and skip without it. Each count has a control: with one defence switched off it must not stay at nothing.
package safety
