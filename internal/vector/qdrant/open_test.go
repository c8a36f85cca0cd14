package qdrant_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/contextd/contextd/internal/crm"
	"github.com/contextd/contextd/internal/vector/qdrant"
	"github.com/contextd/contextd/internal/vector/qdrant/qdranttest"
)

func TestOptions(t *testing.T) {
	for name, o := range map[string]qdrant.Options{
		"no host": {}, "a port too high": {Host: "h", Port: 70000}, "a negative port": {Host: "h", Port: -1}, "a prefix with a dash": {Host: "h", Prefix: "a-b"},
		"an upper-case prefix": {Host: "h", Prefix: "A"}, "no pool": {Host: "h", Pool: -1}, "no streams": {Host: "h", Streams: -1},
		"a shard for nobody": {Host: "h", Shards: []crm.PortalID{0}}, "a negative length": {Host: "h", AverageLength: -1}, "a negative time limit": {Host: "h", ReadTimeout: -1},
	} {
		if s, err := qdrant.Open(t.Context(), o); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestVersion(t *testing.T) {
	double := server(t, qdranttest.Options{Version: "1.18.3"})
	s := open(t, at(t, double.Addr()))
	t.Cleanup(func() { check(t, s.Close()) })
	if v, err := s.Version(t.Context()); err != nil || v != "1.18.3" {
		t.Errorf("version %q, %v", v, err)
	}
}

func TestSupported(t *testing.T) {
	for version, want := range map[string]bool{"1.19.0": true, "1.19.0-dev": true, "1.20.3": true, "2.0.0": true, "1.18.3": false, "0.99.0": false, "": false, "1": false, "1.x.0": false,
		"1.19": false, "1.-3.0": false} {
		if got := qdrant.Supported(version); got != want {
			t.Errorf("%q: %t, want %t", version, got, want)
		}
	}
}

// certificate is one that only its own pool trusts.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "double"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	parsed, err := x509.ParseCertificate(der)
	check(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestKeysTravelEncrypted(t *testing.T) {
	cert, pool := certificate(t)
	safe := server(t, qdranttest.Options{APIKey: "secret", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	ask := func(addr, key string, conf *tls.Config) error {
		o := at(t, addr)
		o.APIKey, o.TLSConfig, o.Retries = key, conf, -1
		s := open(t, o)
		defer s.Close()
		_, err := s.Version(t.Context())
		return err
	}
	check(t, ask(safe.Addr(), "secret", &tls.Config{RootCAs: pool}))
	if err := ask(safe.Addr(), "wrong", &tls.Config{RootCAs: pool}); !errors.Is(err, crm.ErrForbidden) {
		t.Errorf("a wrong key: %v", err)
	}
	if err := ask(safe.Addr(), "secret", nil); !errors.Is(err, crm.ErrTemporary) {
		t.Errorf("a certificate that nobody trusts: %v", err)
	}
	plain := server(t, qdranttest.Options{Record: true})
	if err := ask(plain.Addr(), "secret", nil); err == nil || len(plain.Requests()) > 0 {
		t.Errorf("a key was sent to a server without TLS: %v, %d requests", err, len(plain.Requests()))
	}
}
