// Package anthropic is Anthropic's Messages API as a writer. It owns the meaning of its errors; it never retries by itself.
package anthropic
