// Package analysis tells what kind of text something is: its language, the stems of its words, the words of a question that mean nothing, and what a text has to offer
// to a question (numbers, times, names). Everything is pure. The indexer and the retriever share it, so that both sides of a search agree.
package analysis
