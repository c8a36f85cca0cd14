// Package calibration turns what reviewers decided into how far a confidence may be trusted: a monotone logistic per workflow and field, the threshold that keeps an error
// budget with a stated confidence, how many outcomes are missing to it, and an alarm when outcomes become worse than was promised. Everything is a function of the
// log of outcomes; a fit is a value that is stored under its version and can be taken back.
package calibration
