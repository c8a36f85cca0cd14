package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request. SignatureHeader carries v3, OldSignatureHeader v1 or v2; TimestampHeader is in milliseconds since the epoch and belongs to v3.
const (
	SignatureHeader    = "X-HubSpot-Signature-v3"
	TimestampHeader    = "X-HubSpot-Request-Timestamp"
	OldSignatureHeader = "X-HubSpot-Signature"
)

// v3 signs with exactly these escapes decoded and every other one left alone ("Validating requests", v3).
var signatureEscapes = strings.NewReplacer(
	"%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$",
	"%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2C", ",", "%3B", ";",
)

// SignV3 computes HubSpot's v3 signature: standard base64 of HMAC-SHA256 over method, full URI (with HubSpot's fixed set of escapes decoded), raw body and the
// timestamp in milliseconds. The simulator signs with it; Verifier checks against it.
func SignV3(secret, method, uri string, body []byte, at time.Time) string {
	return base64.StdEncoding.EncodeToString(sumV3(secret, method, signatureEscapes.Replace(uri), body, strconv.FormatInt(at.UnixMilli(), 10)))
}

// SignV2 computes HubSpot's v2 signature: lower-case hex of SHA-256 over secret, method, full URI as called, and raw body. Custom workflow actions carry it.
func SignV2(secret, method, uri string, body []byte) string {
	return hex.EncodeToString(sumV2(secret, method, uri, body))
}

func sumV3(secret, method, uri string, body []byte, timestamp string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, method+uri) // a hash never fails to write
	_, _ = mac.Write(body)
	_, _ = io.WriteString(mac, timestamp)
	return mac.Sum(nil)
}

func sumV2(secret, method, uri string, body []byte) []byte {
	h := sha256.New()
	_, _ = io.WriteString(h, secret+method+uri) // a hash never fails to write
	_, _ = h.Write(body)
	return h.Sum(nil)
}
