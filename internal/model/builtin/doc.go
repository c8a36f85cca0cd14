// Package builtin holds the two models that need no download, no server and no key, so that contextd works out of the box and its tests are deterministic.
//
// Writer is an extractive writer, not a language model: it selects whole sentences of the passages verbatim and puts them into the answer's schema. It reads the
// workflow's plan and the passages, never the prompt, and so a text cannot instruct it: the worst that a hostile sentence can do is to be selected, and sentences
// that speak to an AI are left out of the selection. It cannot paraphrase, combine two statements, or understand what its cue words do not name.
//
// Embedder is a sum of word vectors (Static), not a neural model: it finds texts about the same matter that share no word, and reads neither order nor negation. Its
// vectors were computed once from a sentence transformer by the program in distil. Hash, the embedder before it, is a hashed bag of words and letter n-grams that knows
// nothing of synonyms; it stays so that an index made with it can be asked.
package builtin
