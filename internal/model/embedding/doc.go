// Package embedding is what embedders on a server share. It owns what the servers do not do: it counts tokens before it sends, because a server shortens a long text in
// silence or dies of it; it splits what is too long and averages; it finds the one text in a batch that the server cannot take; and it knows the prefixes that models
// were trained with.
package embedding
