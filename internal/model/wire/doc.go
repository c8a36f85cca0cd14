// Package wire is what all model providers share below their client libraries: a bounded answer, a failure with the product's error kinds, the waiting time that a
// server asks for, and a deadline. Providers say how their own errors read; nothing here retries.
package wire
