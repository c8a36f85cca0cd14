package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"time"
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

func sumV3(secret, method, uri string, body []byte, timestamp string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, method+uri) // a hash never fails to write
	_, _ = mac.Write(body)
	_, _ = io.WriteString(mac, timestamp)
	return mac.Sum(nil)
}
