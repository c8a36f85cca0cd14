// Package proctest owns what the tests share that run contextd and the simulated HubSpot as processes of their own: compiling the real binary, starting, asking,
// stopping and killing both, and reading what the service says of itself. Everything it starts ends with the test.
package proctest
