// Package backtest measures scores that were made as of a past moment against what became of their subjects since. It also keeps the figures that were accepted.
package backtest
