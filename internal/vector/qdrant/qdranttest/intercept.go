package qdranttest

import (
	"context"
	"path"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

func (s *Server) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if s.options.APIKey != "" {
		md, _ := metadata.FromIncomingContext(ctx) // no metadata is no key
		if !slices.Contains(md.Get("api-key"), s.options.APIKey) {
			return nil, status.Error(codes.Unauthenticated, "Must provide an API key or an Authorization bearer token")
		}
	}
	message, _ := req.(proto.Message) // every request of this protocol is one
	if s.options.Record {
		s.calls.Lock()
		s.seen = append(s.seen, Call{path.Base(info.FullMethod), message})
		s.calls.Unlock()
	}
	if h := s.hook.Load(); h != nil {
		if err := (*h)(ctx, path.Base(info.FullMethod), message); err != nil {
			return nil, err
		}
	}
	return next(ctx, req)
}

type health struct {
	pb.UnimplementedQdrantServer
	version string
}

func (h health) HealthCheck(context.Context, *pb.HealthCheckRequest) (*pb.HealthCheckReply, error) {
	return &pb.HealthCheckReply{Title: "qdrant - vector search engine", Version: h.version}, nil
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func missing(collection string) error {
	return status.Errorf(codes.NotFound, "Not found: Collection `%s` doesn't exist!", collection)
}
