// Package similar judges rankings of similar accounts: against situations of the demo portal that were written down by people, and against halves of one history that must
// find each other.
package similar
