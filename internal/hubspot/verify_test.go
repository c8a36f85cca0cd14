package hubspot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

const (
	vectorSecret = "11111111-2222-3333-4444-555555555555"
	publicURL    = "https://ctx.example.com"
	vectorBodyA  = `[{"eventId":100,"subscriptionId":7001,"portalId":123456,"appId":987654,"occurredAt":1790000000000,"subscriptionType":"object.propertyChange","attemptNumber":0,"objectId":501,"objectTypeId":"0-1","propertyName":"lifecyclestage","propertyValue":"opportunity","changeSource":"CRM_UI","sourceId":"userId:42","isSensitive":false}]`
)

func signed(method, target, signature, timestamp string) *http.Request {
	r := &http.Request{Method: method, RequestURI: target, Header: http.Header{}, RemoteAddr: "203.0.113.9:40000"}
	r.Header.Set(SignatureHeader, signature)
	r.Header.Set(TimestampHeader, timestamp)
	return r
}

func at(ms int64) func() time.Time { return func() time.Time { return time.UnixMilli(ms) } }

func TestVerifyVectors(t *testing.T) {
	const rawB = "/actions/summarise?cb=https%3A%2F%2Fa.example%2Fx&note=caf%C3%A9%20au%20lait%21"
	bodyB := `{"note":"naïve – 5 € ✓"}`
	for _, c := range []struct {
		name, secret, base, method, target, body, timestamp, signature string
	}{
		{"A", vectorSecret, publicURL, "POST", "/webhooks/hubspot", vectorBodyA, "1790000001000", "l629VfLqY1sWauuw3Lw4RyPRF5j4L3tUN/EdjNDGnp8="},
		{"B decoded", vectorSecret, publicURL + "/", "POST", rawB, bodyB, "1790000002345", "xbHzRlUxytF+BIB3J+8APr58XSImxh3ojMP4p19u3pM="},
		{"B raw", vectorSecret, publicURL, "POST", rawB, bodyB, "1790000002345", "TKvP/0kUTSia3KRfsqGFXwmoXV7NwOWBmys/qPLIuZ8="},
		{"C", vectorSecret, publicURL, "GET", "/card/summary?objectId=501&objectType=CONTACT", "", "1790000003000", "KRqDQLkVoqQ4x5cawAmeAr7eUZfUdYm41X2cDQYK33c="},
		{"D", vectorSecret, publicURL, "GET", "/w?x=a%2fb&y=%252F&z=%3D%26", "", "1790000004000", "n0ZKCixzX5xgb+WaZec+X5aUx47TuprPtufHegrYToA="},
		{"python sdk", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", "https://www.example.com", "POST", "/webhook_uri", "{'example_field':'example_value'}", "1693657560000", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="},
	} {
		ms := parseMillis(t, c.timestamp)
		v := Verifier{Secrets: []string{"", "other", c.secret}, PublicURL: c.base, Now: at(ms)}
		if err := v.Verify(signed(c.method, c.target, c.signature, c.timestamp), []byte(c.body)); err != nil {
			t.Errorf("vector %s: %v", c.name, err)
		}
	}
	if got := SignV2(vectorSecret, "POST", publicURL+"/webhooks/hubspot", []byte(vectorBodyA)); got != "6ad8b905e9d25eae7436ae9081c355bce394228dc034b0d7866a70c71b9d9670" {
		t.Errorf("v2 of vector A is %s", got)
	}
	if got := SignV3(vectorSecret, "POST", publicURL+rawB, []byte(bodyB), time.UnixMilli(1790000002345)); got != "xbHzRlUxytF+BIB3J+8APr58XSImxh3ojMP4p19u3pM=" {
		t.Errorf("v3 of vector B is %s", got)
	}
}

func parseMillis(t *testing.T, s string) int64 {
	t.Helper()
	var n int64
	for _, c := range s {
		n = n*10 + int64(c-'0')
	}
	return n
}

func TestVerifyWindow(t *testing.T) {
	const stamp = 1790000001000
	sig := "l629VfLqY1sWauuw3Lw4RyPRF5j4L3tUN/EdjNDGnp8="
	for _, c := range []struct {
		now int64
		ok  bool
	}{
		{stamp + 300_000, true}, {stamp + 300_001, false}, {stamp - 59_999, true}, {stamp - 60_000, false}, {stamp, true},
	} {
		v := Verifier{Secrets: []string{vectorSecret}, PublicURL: publicURL, Now: at(c.now)}
		err := v.Verify(signed("POST", "/webhooks/hubspot", sig, "1790000001000"), []byte(vectorBodyA))
		if (err == nil) != c.ok {
			t.Errorf("now %+d ms: %v, want ok %v", c.now-stamp, err, c.ok)
		}
		if err != nil && !errors.Is(err, ErrSignature) {
			t.Errorf("now %+d ms: %v is not ErrSignature", c.now-stamp, err)
		}
	}
}

func TestVerifyForwardedOnlyFromTrustedProxy(t *testing.T) {
	now := time.UnixMilli(1790000001000)
	sig := SignV3(vectorSecret, "POST", "https://seen.example.com/webhooks/hubspot", []byte("[]"), now)
	request := func(remote string) *http.Request {
		r := signed("POST", "/webhooks/hubspot", sig, "1790000001000")
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "seen.example.com")
		return r
	}
	v := Verifier{Secrets: []string{vectorSecret}, PublicURL: publicURL, Now: at(now.UnixMilli()), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	if err := v.Verify(request("10.1.2.3:5000"), []byte("[]")); err != nil {
		t.Errorf("from the trusted proxy: %v", err)
	}
	if err := v.Verify(request("[::ffff:10.1.2.3]:5000"), []byte("[]")); err != nil {
		t.Errorf("from the trusted proxy, mapped address: %v", err)
	}
	for _, remote := range []string{"203.0.113.9:5000", "", "@"} {
		if err := v.Verify(request(remote), []byte("[]")); err == nil {
			t.Errorf("from %q: accepted", remote)
		}
	}
	twice := request("10.1.2.3:5000")
	twice.Header.Add("X-Forwarded-Host", "seen.example.com")
	if err := v.Verify(twice, []byte("[]")); err == nil {
		t.Error("doubled X-Forwarded-Host: accepted")
	}
}

func TestVerifyAction(t *testing.T) {
	now := time.UnixMilli(1790000001000)
	v := Verifier{Secrets: []string{"", vectorSecret}, PublicURL: publicURL, Now: at(now.UnixMilli())}
	request := func(signature string) *http.Request {
		r := &http.Request{Method: "POST", RequestURI: "/webhooks/hubspot", Header: http.Header{}}
		r.Header.Set(OldSignatureHeader, signature)
		return r
	}
	good := "6ad8b905e9d25eae7436ae9081c355bce394228dc034b0d7866a70c71b9d9670"
	if err := v.VerifyAction(request(good), []byte(vectorBodyA)); err != nil {
		t.Errorf("v2: %v", err)
	}
	if err := v.Verify(request(good), []byte(vectorBodyA)); err == nil {
		t.Error("Verify accepted a v2 signature")
	}
	empty := sha256.Sum256([]byte("POST" + publicURL + "/webhooks/hubspot" + vectorBodyA))
	v1 := "2ab2dd1f32ec40ea33b6c4fcf6b0513a07f0da0e7cfecf83f0d4d4908ff16ad6"
	for _, bad := range []string{hex.EncodeToString(empty[:]), v1, good[:63], "6AD8B905E9D25EAE7436AE9081C355BCE394228DC034B0D7866A70C71B9D9670", ""} {
		if err := v.VerifyAction(request(bad), []byte(vectorBodyA)); err == nil {
			t.Errorf("v2 %q: accepted", bad)
		}
	}
	both := request(good)
	both.Header.Set(SignatureHeader, "broken")
	if err := v.VerifyAction(both, []byte(vectorBodyA)); err == nil {
		t.Error("a broken v3 fell back to v2")
	}
}

// The parts are signed without separators: a zero at the end of the body may not become one at the start of the timestamp, which would be the same number.
func TestVerifyZeroMovedFromBodyToTimestamp(t *testing.T) {
	now := time.UnixMilli(1790000001000)
	v := Verifier{Secrets: []string{vectorSecret}, PublicURL: publicURL, Now: at(now.UnixMilli())}
	sig := SignV3(vectorSecret, "POST", publicURL+"/w", []byte("10"), now)
	if err := v.Verify(signed("POST", "/w", sig, "1790000001000"), []byte("10")); err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(signed("POST", "/w", sig, "01790000001000"), []byte("1")); err == nil {
		t.Error("accepted")
	}
}
