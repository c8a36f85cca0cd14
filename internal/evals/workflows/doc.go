// Package workflows measures workflows on their golden cases: each case goes through the real engine with its passages as the whole history of an account, and what comes
// out is compared with what the case expects. It also keeps the figures that were accepted.
package workflows
