// Package builtin holds the two models that need no download, no server and no key, so that contextd works out of the box and its tests are deterministic.
//
// Writer is an extractive writer, not a language model: it selects whole sentences of the passages verbatim and puts them into the answer's schema. It reads the
// workflow's plan and the passages, never the prompt, and so a text cannot instruct it: the worst that a hostile sentence can do is to be selected, and sentences
// that speak to an AI are left out of the selection. It cannot paraphrase, combine two statements, or understand what its cue words do not name.
//
// Embedder is a hashed bag of words and letter n-grams, not a neural model: it finds texts that share words, word stems and spellings, across word forms and
// typing errors, and knows nothing of synonyms. It is the cheap second arm beside the keyword index and good enough for similar accounts.
package builtin
