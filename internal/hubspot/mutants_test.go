package hubspot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// original is a request as HubSpot sent it; mutate changes one thing that HubSpot did not.
type original struct {
	method, target, timestamp, signature, secret string
	body                                         []byte
	now                                          time.Time
}

func randomOriginal(rng *rand.Rand, secret string) original {
	paths := []string{"/webhooks/hubspot", "/webhooks/hubspot?cb=https%3A%2F%2Fa.example%2Fx&n=caf%C3%A9%20%21", "/webhooks/hubspot?x=a%252Fb&q=%3D", "/webhooks/hubspot?%24=%27%28%29"}
	o := original{method: "POST", target: paths[rng.IntN(len(paths))], secret: secret}
	o.now = time.UnixMilli(1790000000000 + rng.Int64N(1e9))
	sent := o.now.Add(time.Duration(rng.Int64N(359_999)-59_999) * -time.Millisecond)
	if o.now.Sub(sent) > oldestSignature {
		sent = o.now.Add(-oldestSignature)
	}
	o.body = fmt.Appendf(nil, `[{"eventId":%d, "portalId":123456,"objectId":%d,"subscriptionType":"contact.creation","occurredAt":%d,"v":"é%d"}]`, rng.Int64(), rng.Int64N(1e12)+1, sent.UnixMilli(), rng.Int())
	o.timestamp = strconv.FormatInt(sent.UnixMilli(), 10)
	o.signature = SignV3(secret, o.method, publicURL+o.target, o.body, sent)
	return o
}

func (o original) request() *http.Request {
	return signed(o.method, o.target, o.signature, o.timestamp)
}

func flip(rng *rand.Rand, s string) string {
	b := []byte(s)
	b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	return string(b)
}

// mutants are the attacks of the reliability goals. Each returns the request and body to send, and the moment at which they arrive.
var mutants = []struct {
	name string
	make func(*rand.Rand, original) (*http.Request, []byte, time.Time)
}{
	{"bit of body", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		return o.request(), []byte(flip(r, string(o.body))), o.now
	}},
	{"bit of uri", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		o.target = flip(r, o.target)
		return o.request(), o.body, o.now
	}},
	{"bit of method", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		o.method = flip(r, o.method)
		return o.request(), o.body, o.now
	}},
	{"bit of timestamp", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		o.timestamp = flip(r, o.timestamp)
		return o.request(), o.body, o.now
	}},
	{"bit of signature", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		o.signature = flip(r, o.signature)
		return o.request(), o.body, o.now
	}},
	{"old", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		ms, _ := strconv.ParseInt(o.timestamp, 10, 64)
		return o.request(), o.body, time.UnixMilli(ms + 300_001 + r.Int64N(1e6))
	}},
	{"future", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		ms, _ := strconv.ParseInt(o.timestamp, 10, 64)
		return o.request(), o.body, time.UnixMilli(ms - 60_000 - r.Int64N(1e6))
	}},
	{"empty secret", func(_ *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		ms, _ := strconv.ParseInt(o.timestamp, 10, 64)
		o.signature = SignV3("", o.method, publicURL+o.target, o.body, time.UnixMilli(ms))
		return o.request(), o.body, o.now
	}},
	{"other app's secret", func(_ *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		ms, _ := strconv.ParseInt(o.timestamp, 10, 64)
		o.signature = SignV3("99999999-retired", o.method, publicURL+o.target, o.body, time.UnixMilli(ms))
		return o.request(), o.body, o.now
	}},
	{"only v1 or v2", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		req := o.request()
		req.Header.Del(SignatureHeader)
		req.Header.Set(OldSignatureHeader, SignV2(o.secret, o.method, publicURL+o.target, o.body))
		req.Header.Set("X-HubSpot-Signature-Version", []string{"v1", "v2"}[r.IntN(2)])
		return req, o.body, o.now
	}},
	{"doubled header", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		req := o.request()
		name := []string{SignatureHeader, TimestampHeader}[r.IntN(2)]
		req.Header.Add(name, []string{req.Header.Get(name), "x"}[r.IntN(2)])
		return req, o.body, o.now
	}},
	{"missing header", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		req := o.request()
		req.Header.Del([]string{SignatureHeader, TimestampHeader}[r.IntN(2)])
		return req, o.body, o.now
	}},
	{"json written anew", func(_ *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		var b bytes.Buffer
		_ = json.Compact(&b, o.body)
		return o.request(), b.Bytes(), o.now
	}},
	{"other base64", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		sum, _ := base64.StdEncoding.DecodeString(o.signature)
		forms := []string{base64.RawStdEncoding.EncodeToString(sum), strings.ToLower(o.signature), o.signature[:20] + "\r\n" + o.signature[20:], " " + o.signature, o.signature + "=",
			fmt.Sprintf("%x", sum), lastBits(o.signature)}
		if strings.ContainsAny(o.signature, "+/") {
			forms = append(forms, base64.URLEncoding.EncodeToString(sum))
		}
		o.signature = forms[r.IntN(len(forms))]
		return o.request(), o.body, o.now
	}},
	{"other spelling of the time", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		o.timestamp = []string{"0" + o.timestamp, "+" + o.timestamp, " " + o.timestamp, o.timestamp + ".0", o.timestamp[:10], "-" + o.timestamp, o.timestamp + o.timestamp}[r.IntN(7)]
		return o.request(), o.body, o.now
	}},
	{"border moved", func(r *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		// the parts are signed without separators: a digit moved from the timestamp to the body keeps the sum
		n := 1 + r.IntN(3)
		body := append(bytes.Clone(o.body), o.timestamp[:n]...)
		o.timestamp = o.timestamp[n:]
		return o.request(), body, o.now
	}},
	{"other host", func(_ *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		ms, _ := strconv.ParseInt(o.timestamp, 10, 64)
		o.signature = SignV3(o.secret, o.method, "https://evil.example"+o.target, o.body, time.UnixMilli(ms))
		req := o.request()
		req.Host = "evil.example"
		req.Header.Set("X-Forwarded-Proto", "https")
		req.Header.Set("X-Forwarded-Host", "evil.example")
		return req, o.body, o.now
	}},
	{"absolute target", func(_ *rand.Rand, o original) (*http.Request, []byte, time.Time) {
		o.target = publicURL + o.target
		return o.request(), o.body, o.now
	}},
}

// lastBits sets the unused bits of the last base64 digit: the same bytes for a lenient decoder.
func lastBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := strings.IndexByte(alphabet, s[42])
	return s[:42] + string(alphabet[i^1]) + s[43:]
}

func TestVerifyMutants(t *testing.T) {
	const seed, wanted = 20261123, 20_000
	rng := rand.New(rand.NewPCG(seed, 1))
	v := Verifier{Secrets: []string{"", vectorSecret, "previous-secret"}, PublicURL: publicURL, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	made := map[string]int{}
	for i := range wanted {
		m := mutants[i%len(mutants)]
		o := randomOriginal(rng, vectorSecret)
		r, body, now := m.make(rng, o)
		v.Now = func() time.Time { return now }
		if err := v.Verify(r, body); err == nil {
			t.Fatalf("seed %d, mutant %d (%s) was accepted: %s %s at %s", seed, i, m.name, r.Method, r.RequestURI, r.Header.Get(TimestampHeader))
		}
		made[m.name]++
	}
	if len(made) != len(mutants) {
		t.Fatalf("only %d of %d kinds were made", len(made), len(mutants))
	}
}

func TestVerifyValid(t *testing.T) {
	const seed, wanted = 20261123, 5_000
	rng := rand.New(rand.NewPCG(seed, 2))
	v := Verifier{Secrets: []string{vectorSecret, "previous-secret"}, PublicURL: publicURL, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for i := range wanted {
		o := randomOriginal(rng, v.Secrets[i%2])
		v.Now = func() time.Time { return o.now }
		r := o.request()
		if i%3 == 0 { // an SDK that does not decode signs the raw form
			o.signature = base64.StdEncoding.EncodeToString(sumV3(o.secret, o.method, publicURL+o.target, o.body, o.timestamp))
			r = o.request()
		}
		if i%5 == 0 {
			r.RemoteAddr = "10.9.9.9:1234"
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Forwarded-Host", "ctx.example.com")
		}
		if err := v.Verify(r, o.body); err != nil {
			t.Fatalf("seed %d, request %d was refused: %v (%s)", seed, i, err, o.target)
		}
	}
}

func FuzzSignature(f *testing.F) {
	f.Add("POST", "/webhooks/hubspot", []byte(vectorBodyA), "1790000001000", "l629VfLqY1sWauuw3Lw4RyPRF5j4L3tUN/EdjNDGnp8=")
	f.Add("GET", "/w?x=a%2fb", []byte{}, "-1", "")
	f.Fuzz(func(t *testing.T, method, target string, body []byte, timestamp, signature string) {
		v := Verifier{Secrets: []string{"", vectorSecret}, PublicURL: publicURL, Now: at(1790000001000)}
		err := v.Verify(signed(method, target, signature, timestamp), body)
		if err != nil {
			return
		}
		known := method == "POST" && string(body) == vectorBodyA && timestamp == "1790000001000"
		if !known || signatureEscapes.Replace(target) != "/webhooks/hubspot" {
			t.Fatalf("accepted %q %q %q %q %q", method, target, body, timestamp, signature)
		}
	})
}
