package past

// Held says how many accounts are in memory, how many divided texts they have, and how many bytes are counted.
func (x *Accounts) Held() (accounts, texts, bytes int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.at {
		texts += len(e.Value.(*account).cuts)
	}
	return len(x.at), texts, x.used
}
