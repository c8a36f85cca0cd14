// Package openai is OpenAI's API, and every server that speaks it (vLLM, llama.cpp, LM Studio, LiteLLM, Azure, gateways), as a writer and as an embedder. It uses Chat
// Completions, because that is what the others speak. It owns the meaning of their errors; it never retries by itself.
package openai
