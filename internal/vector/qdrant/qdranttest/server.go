// Package qdranttest is a Qdrant server in the test's own process: it speaks the real server's gRPC and behaves, for the calls that contextd makes, as server 1.18.3
// was observed to behave, where it is strict and where it is lenient (a query without a filter answers with everybody's points, NaN is accepted, a delete by an empty
// filter deletes everything). What was not observed but follows the server's documentation says so where it stands. It keeps everything in memory.
//
// It proves that the adapter is right against that behaviour; it proves nothing about the real server's speed, its approximate search or its crash safety.
package qdranttest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"
)

// maxMessage is the largest request in bytes; the real server sets no limit of its own.
const maxMessage = 256 << 20

// Options are what a test may want different. The zero value is a plain server of version 1.19.0.
type Options struct {
	Version string      // reported by the health check; before 1.19 the corpus of IdfParams is ignored without a word, as the real one does
	APIKey  string      // when set, calls without it are Unauthenticated
	TLS     *tls.Config // when set, only TLS is spoken
	Record  bool        // keep every request for Requests
	Listen  string      // host:port; "": any free port of the loopback address
}

// Call is one request as it arrived. Method is the last part of the gRPC name, such as "Query".
type Call struct {
	Method  string
	Request proto.Message
}

// Hook sees a request before it is carried out; its error is the answer instead.
type Hook func(ctx context.Context, method string, request proto.Message) error

// Server is one double. All methods are safe for concurrent use.
type Server struct {
	options Options
	addr    string
	hook    atomic.Pointer[Hook]

	mu          sync.RWMutex // over everything stored
	collections map[string]*collection
	aliases     map[string]string

	life   sync.Mutex // over the listening server
	grpc   *grpc.Server
	served chan error

	calls sync.Mutex
	seen  []Call
}

// Start runs a recording server of the newest supported version until the test ends and returns its address, host:port.
func Start(t testing.TB) string {
	t.Helper()
	s, err := New(Options{Record: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.Addr()
}

// New starts a server; Close ends it.
func New(o Options) (*Server, error) {
	if o.Version == "" {
		o.Version = "1.19.0"
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	s := &Server{options: o, addr: o.Listen, collections: map[string]*collection{}, aliases: map[string]string{}}
	return s, s.Resume()
}

// Addr is host:port; it stays the same over Interrupt and Resume.
func (s *Server) Addr() string { return s.addr }

// Resume listens again after Interrupt, with everything that was stored.
func (s *Server) Resume() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.grpc != nil {
		return nil
	}
	l, err := net.Listen("tcp", s.addr) //nolint:noctx // listening does not wait
	if err != nil {
		return fmt.Errorf("qdrant double: %w", err)
	}
	s.addr = l.Addr().String()
	opts := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage), grpc.UnaryInterceptor(s.intercept),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	}
	if s.options.TLS != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(s.options.TLS)))
	}
	s.grpc, s.served = grpc.NewServer(opts...), make(chan error, 1)
	pb.RegisterQdrantServer(s.grpc, health{version: s.options.Version})
	pb.RegisterCollectionsServer(s.grpc, collections{s: s})
	pb.RegisterPointsServer(s.grpc, points{s: s})
	go func(g *grpc.Server, served chan<- error) { served <- g.Serve(l) }(s.grpc, s.served)
	return nil
}

// Interrupt drops every connection and stops listening, as a crash does; what was stored stays.
func (s *Server) Interrupt() {
	s.life.Lock()
	defer s.life.Unlock()
	if s.grpc == nil {
		return
	}
	s.grpc.Stop()
	<-s.served //nolint:errcheck // a server that is told to end says so
	s.grpc = nil
}

// Close ends the server.
func (s *Server) Close() { s.Interrupt() }

// SetHook puts h in front of every request; nil takes it away.
func (s *Server) SetHook(h Hook) {
	if h == nil {
		s.hook.Store(nil)
		return
	}
	s.hook.Store(&h)
}

// Requests are the calls so far, oldest first, when Options.Record is set.
func (s *Server) Requests() []Call {
	s.calls.Lock()
	defer s.calls.Unlock()
	return append([]Call(nil), s.seen...)
}

// Forget empties Requests.
func (s *Server) Forget() {
	s.calls.Lock()
	defer s.calls.Unlock()
	s.seen = nil
}
