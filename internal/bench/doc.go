// Package bench owns the speed goals: ratios of the product against a bare or ideal counterpart, measured side by side in one process in alternating rounds, and the
// table of them. They run through `make bench`; a slow machine fails nothing: the table says what was missed. Its one test, which `make check` runs, shows that the
// benchmarks can still be made.
package bench
