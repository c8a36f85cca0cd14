package web

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gin-gonic/gin"
)

// reply sends a value as JSON. It is customers' data: no cache keeps it.
func (s *server) reply(c *gin.Context, status int, v any) {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false) // the type is JSON and nosniff; quotes stay readable
	if err := e.Encode(v); err != nil {
		s.fail(c, fmt.Errorf("encode answer: %w", err)) // a NaN
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Data(status, "application/json; charset=utf-8", body.Bytes())
}
