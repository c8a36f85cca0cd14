package qdrant

import (
	"context"
	"crypto/tls"
	"fmt"
	"path"
	"slices"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/contextd/contextd/internal/crm"
)

// Options say where the server is and how it is used. Only Host is required.
type Options struct {
	Host      string
	Port      int    // of gRPC; 0: 6334
	APIKey    string // with a key the connection is always TLS: the client would send it in clear
	TLS       bool
	TLSConfig *tls.Config // nil: the system's certificates, TLS 1.3 and up

	Prefix string // of our collections' names, lower-case letters and digits: several installations may share a server; "": "main"

	// Shards are portals whose chunks get a shard of their own in generations made from now on; the others share one. It needs a server in cluster mode. nil: no custom
	// sharding, which is right below some millions of chunks.
	Shards []crm.PortalID
	// AverageLength is the mean length of a chunk in terms that BM25 normalises by in generations made from now on; 0: 100.
	AverageLength float64

	Pool         int               // connections; 0: 3
	Streams      int               // concurrent upserts of one Replace; 0: 4
	ReadTimeout  time.Duration     // of one attempt of a call that reads; 0: 10 s
	WriteTimeout time.Duration     // of one attempt of a call that writes; 0: 60 s
	Retries      int               // after Unavailable and ResourceExhausted only; 0: 3; below 0: none
	Backoff      time.Duration     // before the first retry, doubled each time up to 5 s, with jitter; 0: 100 ms
	DialOptions  []grpc.DialOption // such as otelgrpc's stats handler
	Clock        func() time.Time  // nil: time.Now
}

func (o Options) withDefaults() (Options, error) {
	set := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	set(&o.Port, 6334)
	set(&o.Pool, 3)
	set(&o.Streams, 4)
	set(&o.Retries, 3)
	if o.Prefix == "" {
		o.Prefix = "main"
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = 10 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = time.Minute
	}
	if o.AverageLength == 0 {
		o.AverageLength = 100
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.TLS = o.TLS || o.APIKey != "" || o.TLSConfig != nil
	switch {
	case o.Host == "":
		return o, fmt.Errorf("qdrant: no host: %w", crm.ErrInvalid)
	case o.Port < 1 || o.Port > 65535:
		return o, fmt.Errorf("qdrant: port %d: want 1 to 65535: %w", o.Port, crm.ErrInvalid)
	case !plain(o.Prefix):
		return o, fmt.Errorf("qdrant: prefix %q: want lower-case letters and digits: %w", o.Prefix, crm.ErrInvalid)
	case o.Pool < 1 || o.Streams < 1 || o.AverageLength < 0 || o.ReadTimeout < 0 || o.WriteTimeout < 0:
		return o, fmt.Errorf("qdrant: pool, streams, average length and time limits must not be negative: %w", crm.ErrInvalid)
	case slices.ContainsFunc(o.Shards, func(p crm.PortalID) bool { return p <= 0 }):
		return o, fmt.Errorf("qdrant: a shard for a portal id that is not positive: %w", crm.ErrInvalid)
	}
	return o, nil
}

// plain reports whether a name is lower-case letters and digits, which keeps collection names free of ambiguity.
func plain(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 100
}

// maxReply is the largest answer in bytes that is read; gRPC's own limit of 4 MiB is less than a page of profiles may have.
const maxReply = 64 << 20

// dial makes one connection. The client's own pool is not used: in v1.19.0 it gives each further connection the interceptors of those before it once more, so that
// three retries become 15 on the second one and 63 on the third.
func dial(o Options) (*pb.Client, error) {
	cfg := &pb.Config{
		Host: o.Host, Port: o.Port, APIKey: o.APIKey, UseTLS: o.TLS, TLSConfig: o.TLSConfig, PoolSize: 1, KeepAliveTime: 10, KeepAliveTimeout: 2,
		// The client's own check would wait for the server and write to the process-wide log; Version does the same on request. The limit stands for whoever turns it on.
		SkipCompatibilityCheck: true, VersionCheckTimeout: versionTimeout,
		GrpcOptions: append([]grpc.DialOption{
			grpc.WithChainUnaryInterceptor(deadline(o)),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReply)),
			// gRPC waits up to two minutes between attempts to connect; a server that is back should be used within seconds.
			grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: 5 * time.Second,
				Backoff: backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: .2, MaxDelay: 2 * time.Second}}),
		}, o.DialOptions...),
	}
	if o.Retries > 0 {
		cfg.RetryConfig = &pb.RetryConfig{MaxRetries: uint(o.Retries), BaseBackoff: o.Backoff, MaxBackoff: 5 * time.Second}
	}
	c, err := pb.NewClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("qdrant %s:%d: %w", o.Host, o.Port, err)
	}
	return c, nil
}

// deadline limits each attempt; a caller's earlier deadline stays.
func deadline(o Options) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		limit := o.ReadTimeout
		switch path.Base(method) {
		case "Upsert", "UpdateBatch", "Delete", "SetPayload", "Create", "CreateFieldIndex", "CreateShardKey", "UpdateAliases":
			limit = o.WriteTimeout
		case "HealthCheck":
			limit = min(limit, versionTimeout)
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return invoke(ctx, method, req, reply, cc, opts...)
	}
}
