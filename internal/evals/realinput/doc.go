// Package realinput owns the tests that put real mails, meetings and conversations through the product and check, from the outside, what it makes of them: the text
// kept of a mail, how fast and in how much memory history is indexed, and that every claim of every suggestion stands where its quote says. The evaluation sets are
// not part of the repository; the tests run through `make eval EVAL_DATA=DIR` and skip without it.
package realinput
