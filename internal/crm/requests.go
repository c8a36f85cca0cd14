package crm

import (
	"context"
	"strings"
	"sync"
)

// Requests are the ids that servers gave to the requests made under a context: what their support asks for, and what an audit entry names. It is safe for concurrent use.
type Requests struct {
	mu            sync.Mutex
	written, read []string
}

// The newest ids of each sort are kept, and only such as can be nothing else.
const (
	mostRequests     = 16
	longestRequestID = 80
)

type requestsKey struct{}

// WithRequests notes requests that are made under the context it returns. Those of an outer one are not noted there any more.
func WithRequests(ctx context.Context) (context.Context, *Requests) {
	r := &Requests{}
	return context.WithValue(ctx, requestsKey{}, r), r
}

// NoteRequest notes the id of a request; written says that it may have changed something there. Without WithRequests, and for an empty id, nothing happens.
func NoteRequest(ctx context.Context, id string, written bool) {
	r, _ := ctx.Value(requestsKey{}).(*Requests) // absent: nobody asked
	if r == nil || !isRequestID(id) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list := &r.read
	if written {
		list = &r.written
	}
	*list = append(*list, id)
	*list = (*list)[max(0, len(*list)-mostRequests):]
}

// RequestsOf are the ids noted so far under a context: of requests that write, and of those that read.
func RequestsOf(ctx context.Context) (written, read []string) {
	r, _ := ctx.Value(requestsKey{}).(*Requests) // absent: none
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.written...), append([]string(nil), r.read...)
}

// isRequestID: letters, digits and a few marks. What a server says otherwise could be anything, a customer's text among it.
func isRequestID(id string) bool {
	return id != "" && len(id) <= longestRequestID && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r)
	})
}
