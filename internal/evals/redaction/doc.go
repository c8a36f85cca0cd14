// Package redaction measures what is kept back from models on other machines: recall and precision by kind, on labelled texts that are not part of the repository and
// on a set of our own that is.
package redaction
