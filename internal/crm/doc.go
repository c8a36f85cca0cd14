// Package crm is the waist of contextd: the words that every other package speaks. It imports the standard library only and holds values, closed sets, error
// kinds and the few pure rules that belong to the words themselves (which account an activity belongs to, which state may follow which).
//
// Every value that is stored or searched carries its PortalID; there is no "all portals". Zero values are the safe ones: a zero Verdict is Review, a zero
// Filter matches nothing, a zero Ref names nothing.
package crm
