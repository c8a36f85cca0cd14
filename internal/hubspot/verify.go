package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ErrSignature is wrapped by every refusal of a Verifier; the rest of the text names the cause and is safe to log, not to send.
var ErrSignature = errors.New("signature refused")

// The window of a v3 timestamp: at most so old, and less than so far ahead.
const (
	oldestSignature = 300_000 * time.Millisecond
	newestSignature = 60 * time.Second
)

// Verifier decides whether a request came from HubSpot. The zero value refuses everything.
type Verifier struct {
	Secrets        []string         // the app's client secret; two of them while it is rotated. Empty strings verify nothing
	PublicURL      string           // scheme, host and any path prefix as HubSpot calls it; the raw request URI is appended
	TrustedProxies []netip.Prefix   // peers whose X-Forwarded-Proto and X-Forwarded-Host are believed as a further public URL; none by default
	Now            func() time.Time // wall clock; nil: time.Now
}

// Verify checks the v3 signature of a request with this raw body: one signature and one timestamp header, inside the window, over method, public URI, body and
// timestamp. There is no fall-back to v1 or v2, whatever other headers say.
func (v Verifier) Verify(r *http.Request, body []byte) error {
	signature, err := single(r.Header, SignatureHeader)
	if err != nil {
		return err
	}
	timestamp, err := single(r.Header, TimestampHeader)
	if err != nil {
		return err
	}
	if err := v.checkAge(timestamp); err != nil {
		return err
	}
	sum, err := decodeSum(signature)
	if err != nil {
		return err
	}
	uris, err := v.uris(r)
	if err != nil {
		return err
	}
	ok := false
	for _, secret := range v.Secrets {
		if secret == "" {
			continue
		}
		for _, uri := range uris {
			// HubSpot decodes some escapes before signing; its own SDKs do not. Both forms are the same request.
			ok = hmac.Equal(sum, sumV3(secret, r.Method, signatureEscapes.Replace(uri), body, timestamp)) || ok
			ok = hmac.Equal(sum, sumV3(secret, r.Method, uri, body, timestamp)) || ok
		}
	}
	if !ok {
		return fmt.Errorf("no secret matches: %w", ErrSignature)
	}
	return nil
}

// VerifyAction is for the route of custom workflow actions only, which HubSpot signs with v2: v3 where its header is present, else v2. A v2 signature carries no time,
// so the caller must treat callback ids as idempotency keys.
func (v Verifier) VerifyAction(r *http.Request, body []byte) error {
	if len(r.Header.Values(SignatureHeader)) > 0 {
		return v.Verify(r, body)
	}
	signature, err := single(r.Header, OldSignatureHeader)
	if err != nil {
		return err
	}
	sum, err := hex.DecodeString(signature)
	if err != nil || len(sum) != sha256.Size || strings.ToLower(signature) != signature {
		return fmt.Errorf("not a lower-case hex SHA-256: %w", ErrSignature)
	}
	uris, err := v.uris(r)
	if err != nil {
		return err
	}
	ok := false
	for _, secret := range v.Secrets {
		for _, uri := range uris {
			ok = (secret != "" && hmac.Equal(sum, sumV2(secret, r.Method, uri, body))) || ok
		}
	}
	if !ok {
		return fmt.Errorf("no secret matches: %w", ErrSignature)
	}
	return nil
}

func (v Verifier) checkAge(timestamp string) error {
	for _, c := range timestamp {
		if c < '0' || c > '9' {
			return fmt.Errorf("timestamp is not a number: %w", ErrSignature)
		}
	}
	ms, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || timestamp[0] == '0' {
		return fmt.Errorf("timestamp is not a number: %w", ErrSignature)
	}
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	switch age := now().UnixMilli() - ms; {
	case age > oldestSignature.Milliseconds():
		return fmt.Errorf("timestamp is too old: %w", ErrSignature)
	case age <= -newestSignature.Milliseconds():
		return fmt.Errorf("timestamp is in the future: %w", ErrSignature)
	}
	return nil
}

// uris lists the full URIs that HubSpot may have called: the public URL's, and what a trusted proxy says.
func (v Verifier) uris(r *http.Request) ([]string, error) {
	if !strings.HasPrefix(r.RequestURI, "/") {
		return nil, fmt.Errorf("request target is not a path: %w", ErrSignature)
	}
	var out []string
	if v.PublicURL != "" {
		out = append(out, strings.TrimSuffix(v.PublicURL, "/")+r.RequestURI)
	}
	if v.trusts(r.RemoteAddr) {
		proto, err1 := single(r.Header, "X-Forwarded-Proto")
		host, err2 := single(r.Header, "X-Forwarded-Host")
		if err1 == nil && err2 == nil {
			out = append(out, proto+"://"+host+r.RequestURI)
		}
	}
	return out, nil
}

func (v Verifier) trusts(remote string) bool {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false // a socket without an address is nobody's proxy
	}
	for _, p := range v.TrustedProxies {
		if p.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

func single(h http.Header, name string) (string, error) {
	switch values := h.Values(name); {
	case len(values) == 0 || (len(values) == 1 && values[0] == ""):
		return "", fmt.Errorf("no %s: %w", name, ErrSignature)
	case len(values) > 1:
		return "", fmt.Errorf("%d times %s: %w", len(values), name, ErrSignature)
	default:
		return values[0], nil
	}
}

// decodeSum accepts exactly one spelling of 32 bytes: standard alphabet, padded, no stray bits or line breaks.
func decodeSum(s string) ([]byte, error) {
	sum, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(sum) != sha256.Size || base64.StdEncoding.EncodeToString(sum) != s {
		return nil, fmt.Errorf("not the base64 of a SHA-256: %w", ErrSignature)
	}
	return sum, nil
}
