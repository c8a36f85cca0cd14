// Package redact keeps personal data from models on other machines. It finds mail addresses, phone numbers, bank and card numbers, social security numbers, network
// addresses, identifiers and configured terms in a text, puts a pseudonym in their place before a request leaves, and puts the exact bytes back into the answer, so that
// every check downstream sees real text. It keeps no state: a pseudonym means what the request that it stands in says, and nothing else.
package redact
