package crm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestRequests(t *testing.T) {
	NoteRequest(t.Context(), "nobody-asked", true)
	if w, r := RequestsOf(t.Context()); w != nil || r != nil {
		t.Errorf("%v %v", w, r)
	}
	ctx, _ := WithRequests(t.Context())
	for i := range 20 {
		NoteRequest(ctx, fmt.Sprint("r", i), false)
	}
	for _, id := range []string{"req_01-Ab.c:d", "", "two words", "<b>", "ümlaut", strings.Repeat("x", 81)} {
		NoteRequest(ctx, id, true)
	}
	written, read := RequestsOf(ctx)
	if !slices.Equal(written, []string{"req_01-Ab.c:d"}) || len(read) != mostRequests || read[0] != "r4" || read[15] != "r19" {
		t.Errorf("%v %v", written, read)
	}
	inner, _ := WithRequests(ctx)
	NoteRequest(inner, "inner", true)
	if w, _ := RequestsOf(ctx); len(w) != 1 {
		t.Errorf("the outer one has %v", w)
	}
}
