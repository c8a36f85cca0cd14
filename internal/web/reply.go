package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

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
	send(c, status, body.Bytes())
}

// send sends JSON. With its length it goes out in one piece.
func send(c *gin.Context, status int, body []byte) {
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Length", strconv.Itoa(len(body)))
	c.Data(status, "application/json; charset=utf-8", body)
}
