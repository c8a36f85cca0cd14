package outside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
)

var question = crm.OutsideQuestion{Company: crm.Ref{Portal: 7, Type: crm.Companies, ID: "1"}, Domain: "harborline.example", Name: "Harborline Lifts & Söhne"}

const whole = `{"industry":"lifts and escalators","employees":420,"country":"IE","tools":["Excel","Outlook"]}`

func answering(t *testing.T, status int, body string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that has read enough closes
	}))
	t.Cleanup(s.Close)
	return s
}

func open(t *testing.T, opt Options) *Source {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAnswer(t *testing.T) {
	server := answering(t, 200, whole)
	a, err := open(t, Options{URL: server.URL + "/v1/companies", Private: true}).Company(t.Context(), question)
	if err != nil {
		t.Fatal(err)
	}
	if a.Source != "http:"+strings.TrimPrefix(server.URL, "http://") || a.Text != "industry: lifts and escalators\nemployees: 420\ncountry: IE\ntool: Excel\ntool: Outlook\n" || len(a.Facts) != 5 {
		t.Errorf("%+v", a)
	}
	for _, f := range a.Facts {
		if a.Text[f.Start:f.End] != f.Value || !slices.Contains(crm.OutsideFields(), f.Field) {
			t.Errorf("%+v is not at its place: %q", f, a.Text[f.Start:f.End])
		}
	}
}

// TestOnlyDomainAndNameAreSent: nothing else of the portal leaves, in whatever part of the request.
func TestOnlyDomainAndNameAreSent(t *testing.T) {
	var seen *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Clone(context.WithoutCancel(r.Context()))
		body, _ = io.ReadAll(r.Body) // compared below
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, whole)
	}))
	defer server.Close()
	for _, q := range []crm.OutsideQuestion{question, {Company: question.Company, Name: "Lund"}, {Company: question.Company, Domain: "lund.example"}} {
		if _, err := open(t, Options{URL: server.URL + "/of", Token: "s3cret", Private: true}).Company(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for k, v := range map[string]string{"domain": q.Domain, "name": q.Name} {
			if v != "" {
				want[k] = v
			}
		}
		got := seen.URL.Query()
		for k, v := range want {
			if !slices.Equal(got[k], []string{v}) {
				t.Errorf("%s is %q, want %q", k, got[k], v)
			}
		}
		for name := range seen.Header {
			if !slices.Contains([]string{"Accept", "Accept-Encoding", "Authorization", "User-Agent"}, name) {
				t.Errorf("header %s is sent", name)
			}
		}
		if len(got) != len(want) || seen.Method != http.MethodGet || seen.URL.Path != "/of" || len(body) != 0 || seen.Header.Get("Authorization") != "Bearer s3cret" || seen.Header.Get("User-Agent") != "contextd" {
			t.Errorf("%s %s, %d bytes, %v", seen.Method, seen.URL, len(body), seen.Header)
		}
	}
	if _, err := open(t, Options{URL: server.URL, Private: true}).Company(t.Context(), crm.OutsideQuestion{Company: question.Company}); !errors.Is(err, crm.ErrInvalid) {
		t.Errorf("a company without domain and name: %v", err)
	}
}

func TestAnswersThatAreRefused(t *testing.T) {
	long := strings.Repeat("x", 121)
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"not known":            {404, "", crm.ErrNotFound},
		"no content":           {204, "", crm.ErrNotFound},
		"nothing said":         {200, `{}`, crm.ErrNotFound},
		"null":                 {200, `null`, crm.ErrNotFound},
		"blank":                {200, `{"industry":"  "}`, crm.ErrNotFound},
		"token refused":        {401, "", crm.ErrForbidden},
		"forbidden":            {403, whole, crm.ErrForbidden},
		"broken":               {500, whole, crm.ErrTemporary},
		"too many requests":    {429, whole, crm.ErrTemporary},
		"not JSON":             {200, "<html>", crm.ErrInvalid},
		"empty":                {200, "", crm.ErrInvalid},
		"cut off":              {200, whole[:30], crm.ErrInvalid},
		"a list":               {200, "[" + whole + "]", crm.ErrInvalid},
		"two objects":          {200, whole + whole, crm.ErrInvalid},
		"a field too many":     {200, `{"industry":"lifts","revenue":1}`, crm.ErrInvalid},
		"a field twice":        {200, `{"industry":"lifts","industry":"software"}`, crm.ErrInvalid},
		"twice, once escaped":  {200, `{"industry":"lifts","\u0069ndustry":"software"}`, crm.ErrInvalid},
		"in another case":      {200, `{"industry":"lifts","Industry":"software"}`, crm.ErrInvalid},
		"not UTF-8":            {200, "{\"industry\":\"lift\xff\"}", crm.ErrInvalid},
		"nested":               {200, `{"tools":[["Excel"]]}`, crm.ErrInvalid},
		"bottomless":           {200, strings.Repeat("[", 10_000), crm.ErrInvalid},
		"an endless number":    {200, `{"employees":1e-2000000}`, crm.ErrInvalid},
		"a number as text":     {200, `{"employees":"420"}`, crm.ErrInvalid},
		"a fraction":           {200, `{"employees":4.2}`, crm.ErrInvalid},
		"fewer than none":      {200, `{"employees":-1}`, crm.ErrInvalid},
		"more than there are":  {200, `{"employees":90000000000}`, crm.ErrInvalid},
		"a long text":          {200, `{"industry":"` + long + `"}`, crm.ErrInvalid},
		"two lines":            {200, `{"industry":"lifts\nemployees: 7"}`, crm.ErrInvalid},
		"unseen characters":    {200, "{\"industry\":\"lifts\u202e\"}", crm.ErrInvalid},
		"a tool that is none":  {200, `{"tools":["` + long + `"]}`, crm.ErrInvalid},
		"tools without end":    {200, `{"tools":[` + strings.Repeat(`"a",`, 20) + `"a"]}`, crm.ErrInvalid},
		"more than was agreed": {200, `{"industry":"lifts"` + strings.Repeat(" ", 64<<10) + `}`, crm.ErrInvalid},
	} {
		if a, err := open(t, Options{URL: answering(t, c.status, c.body).URL, Private: true}).Company(t.Context(), question); !errors.Is(err, c.want) || len(a.Facts) != 0 {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	if _, err := open(t, Options{URL: answering(t, 200, whole).URL, Private: true, MaxBytes: int64(len(whole))}).Company(t.Context(), question); err != nil {
		t.Errorf("an answer of just the size that is allowed: %v", err)
	}
}

// TestRefusalsSayWhatIsWrong: a person has to find it in the source's answer.
func TestRefusalsSayWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		`{"industry":"lifts","industry":"software"}`: "a key stands twice at the root",
		`{"tools":[{"a":1}]}`:                        "it is nested deeper than 2 levels",
		`{"industry":"lifts","Industry":"software"}`: `it has a field "Industry", and only industry, employees, country, tools are known`,
		`{"employees":"420"}`:                        "cannot unmarshal string",
		`{"employees":420`:                           "not valid JSON at byte",
		`{"employees":420} x`:                        "something follows",
		`[]`:                                         "not a JSON object",
	} {
		_, err := open(t, Options{URL: answering(t, 200, body).URL, Private: true}).Company(t.Context(), question)
		if !errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
}

func TestContentTypes(t *testing.T) {
	for kind, want := range map[string]string{"application/json": "", "application/json; charset=utf-8": "", "application/JSON;charset=UTF-8": "", "application/vnd.firm.v1+json": "", "none": "",
		"text/html; charset=utf-8": "text/html", "text/plain": "text/plain", "application/json; charset=latin1": "latin1", "application/jsonp": "application/jsonp", ";": "cannot be read"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{kind}
			if kind == "none" {
				w.Header()["Content-Type"] = nil
			}
			_, _ = io.WriteString(w, whole)
		}))
		_, err := open(t, Options{URL: server.URL, Private: true}).Company(t.Context(), question)
		server.Close()
		if want == "" && err != nil || want != "" && (!errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", kind, err, want)
		}
	}
}

func TestNoAnswerInTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	if _, err := open(t, Options{URL: server.URL, Private: true, Timeout: 30 * time.Millisecond}).Company(t.Context(), question); !errors.Is(err, crm.ErrTemporary) || !strings.Contains(err.Error(), "in time") || strings.Contains(err.Error(), "arborline") {
		t.Errorf("a server that is silent: %v", err)
	}
	server.Close()
	if _, err := open(t, Options{URL: server.URL, Private: true}).Company(t.Context(), question); !errors.Is(err, crm.ErrTemporary) || strings.Contains(err.Error(), "arborline") {
		t.Errorf("a server that is gone: %v", err)
	}
}

// TestRedirectsLeadNowhere: the token and the company's name stay where they were sent.
func TestRedirectsLeadNowhere(t *testing.T) {
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, whole)
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, status))
		_, err := open(t, Options{URL: server.URL, Private: true}).Company(t.Context(), question)
		server.Close()
		if !errors.Is(err, crm.ErrInvalid) || !strings.Contains(err.Error(), "redirect") {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the other server was asked %d times", n)
	}
	if _, err := open(t, Options{URL: other.URL, Private: true}).Company(t.Context(), question); err != nil || asked.Load() != 1 {
		t.Errorf("asked for itself: %v", err)
	}
}

// TestPrivateAddresses: without leave no connection is made to one, whether the address stands there or a name resolves to it; with leave it is.
func TestPrivateAddresses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var met atomic.Int32
	server := &httptest.Server{Listener: counting{listener, &met}, Config: &http.Server{Handler: http.NotFoundHandler(), ErrorLog: log.New(io.Discard, "", 0)}} //nolint:gosec // of a test
	server.StartTLS()
	defer server.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "0.0.0.0", "127.255.0.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fe80::1]",
		"[fc00::1]", "[64:ff9b:1::7f00:1]", "224.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1", "[2001:db8::1]",
		"[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::1]", "[::127.0.0.1]", "[fec0::1]", "[ff02::1]"} {
		_, err := open(t, Options{URL: "https://" + host + ":" + port}).Company(t.Context(), question)
		if !errors.Is(err, crm.ErrForbidden) || !strings.Contains(err.Error(), "private") {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "localhost.", "ⓛocalhost", "127。0。0。1"} { // written otherwise: refused, or no name at all
		if _, err := open(t, Options{URL: "https://" + host + ":" + port}).Company(t.Context(), question); err == nil {
			t.Errorf("%s answered", host)
		}
	}
	if n := met.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
	for _, host := range []string{"169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "[ff02::1]"} { // with leave, too
		if _, err := open(t, Options{URL: "http://" + host + ":" + port, Private: true}).Company(t.Context(), question); !errors.Is(err, crm.ErrForbidden) || !strings.Contains(err.Error(), "link-local") {
			t.Errorf("%s with leave: %v", host, err)
		}
	}
	if _, err := open(t, Options{URL: "https://127.0.0.1:" + port, Private: true}).Company(t.Context(), question); !errors.Is(err, crm.ErrTemporary) || met.Load() == 0 { // nobody vouches for its certificate
		t.Errorf("with leave: %v, %d connections", err, met.Load())
	}
}

// counting counts the connections that are made.
type counting struct {
	net.Listener
	n *atomic.Int32
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

func TestOptions(t *testing.T) {
	for _, at := range []string{"", "harborline.example", "ftp://x.example", "file:///etc/passwd", "https://", "https://u:p@x.example/", "https://x.example/?a=b", "https://x.example/#a", "http://x.example/", "gopher://x.example"} {
		if _, err := New(Options{URL: at}); !errors.Is(err, crm.ErrInvalid) || strings.Contains(fmt.Sprint(err), "u:p") {
			t.Errorf("%q: %v", at, err)
		}
	}
	if s := open(t, Options{URL: "https://data.example/companies"}); s.Name() != "http:data.example" {
		t.Error(s.Name())
	}
	open(t, Options{URL: "http://data.example/companies", Private: true})
}
