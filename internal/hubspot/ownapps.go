package hubspot

import (
	"context"
	"fmt"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// appSource is the source type of what apps change; the source id beside it is the app's.
const appSource = "INTEGRATION"

// OwnApp reports whether an app is our own: that of the options, or one that was recognised.
func (c *Client) OwnApp(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return id != "" && (id == c.opt.AppID || c.apps[id])
}

// AddOwnApp has what an app writes count as ours.
func (c *Client) AddOwnApp(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id != "" {
		c.apps[id] = true
	}
}

// byOurApp reports whether an object came from our app: its id stands alone, or as an actor's.
func byOurApp(o wireObject, own func(id string) bool) bool {
	return own(strings.TrimPrefix(o.text("hs_object_source_id"), appPrefix))
}

// Recognise has what an app writes count as ours from now on; keeping that beyond this client is the caller's.
func (w *Writer) Recognise(_ context.Context, portal crm.PortalID, app string) error {
	if portal != w.c.opt.Portal || app == "" {
		return fmt.Errorf("recognise app %q of portal %s with the client of portal %s: %w", app, portal, w.c.opt.Portal, crm.ErrInvalid)
	}
	w.c.AddOwnApp(app)
	return nil
}
