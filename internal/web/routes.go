package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// door is how a route lets callers in.
type door int

// The closed set of doors. The zero value is the strictest one.
const (
	byToken   door = iota // the API: a bearer token with the route's role
	bySession             // the pages: a browser session with the route's role, and for unsafe methods a request from our own page
	byAnyone              // health, log-in and what pages load; unsafe methods only from our own page
	byHubSpot             // a signature over the body
)

// route is one line of the table below: who may do what. Role is empty where the door asks for none.
type route struct {
	method, path string
	door         door
	role         Role
	handle       gin.HandlerFunc
}

// routes is the table of contents of the public listener and the only place that says which role a route needs.
func (s *server) routes() []route {
	const get, post, del, head = http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodHead
	const record, suggestion = "/api/v1/records/:type/:id", "/api/v1/suggestions/:id"
	const calibratedField = "/calibration/:workflow/:field"
	const prompt = "/api/v1/prompts/:workflow/:version"
	return []route{
		{post, webhookPath, byHubSpot, "", s.webhook},

		{get, "/livez", byAnyone, "", s.live},
		{head, "/livez", byAnyone, "", s.live},
		{get, "/readyz", byAnyone, "", s.ready},
		{head, "/readyz", byAnyone, "", s.ready},
		{get, "/healthz", byAnyone, "", s.ready},
		{head, "/healthz", byAnyone, "", s.ready},

		{get, "/api/v1/search", byToken, Viewer, s.searchPortal},
		{get, record + "/search", byToken, Viewer, s.search},
		{get, record + "/similar", byToken, Viewer, s.similar},
		{get, record + "/timeline", byToken, Viewer, s.timeline},
		{get, record + "/context", byToken, Viewer, s.recordContext},
		{get, "/api/v1/activities/:type/:id", byToken, Viewer, s.activity},
		{get, "/api/v1/suggestions", byToken, Viewer, s.listSuggestions},
		{get, suggestion, byToken, Viewer, s.showSuggestion},
		{post, suggestion + "/approve", byToken, Approver, s.approve},
		{post, suggestion + "/edit", byToken, Approver, s.edit},
		{post, suggestion + "/reject", byToken, Reviewer, s.reject},
		{post, suggestion + "/undo", byToken, Approver, s.undo},
		{post, suggestion + "/snooze", byToken, Reviewer, s.snooze},
		{post, suggestion + "/assign", byToken, Reviewer, s.assign},
		{post, suggestion + "/comment", byToken, Reviewer, s.comment},
		{post, record + "/release", byToken, Approver, s.release},
		{get, "/api/v1/locked", byToken, Viewer, s.listLocked},
		{get, "/api/v1/review/stats", byToken, Viewer, s.reviewStats},
		{post, "/api/v1/runs", byToken, Reviewer, s.startRun},
		{get, "/api/v1/runs/:id", byToken, Viewer, s.showRun},
		{get, "/api/v1/audit", byToken, Viewer, s.listAudit},
		{get, "/api/v1/audit/export", byToken, Viewer, s.exportAudit},
		{get, "/api/v1/audit/entries/:seq/proof", byToken, Viewer, s.proveAudit},
		{post, "/api/v1/audit/verify", byToken, Administrator, s.verifyAudit},
		{post, "/api/v1/audit/checkpoint", byToken, Administrator, s.checkpoint},
		{post, "/api/v1/audit/replay", byToken, Administrator, s.replayAudit},
		{get, "/api/v1/status", byToken, Viewer, s.status},
		{get, "/api/v1/usage", byToken, Viewer, s.showSpending},
		{get, "/api/v1/policy", byToken, Viewer, s.showPolicy},
		{post, "/api/v1/policy/approve", byToken, Administrator, s.approvePolicy},
		{post, "/api/v1/stop", byToken, Approver, s.stopWriting},
		{post, "/api/v1/resume", byToken, Administrator, s.resumeWriting},
		{get, "/api/v1/work", byToken, Viewer, s.listWork},
		{post, "/api/v1/work/redrive", byToken, Administrator, s.redrive},
		{post, "/api/v1/work/bury", byToken, Administrator, s.bury},
		{get, "/api/v1/index", byToken, Viewer, s.indexProgress},
		{post, "/api/v1/index", byToken, Administrator, s.startIndex},
		{post, "/api/v1/index/verify", byToken, Administrator, s.verifyIndex},
		{get, "/api/v1/reindex", byToken, Viewer, s.generations},
		{post, "/api/v1/reindex", byToken, Administrator, s.reindex},
		{get, "/api/v1/prompts", byToken, Viewer, s.listPrompts},
		{get, prompt, byToken, Viewer, s.showPromptVersion},
		{post, prompt + "/evaluate", byToken, Administrator, s.evaluatePrompt},
		{post, prompt + "/promote", byToken, Administrator, s.promotePrompt},
		{post, "/api/v1/prompts/:workflow/rollback", byToken, Administrator, s.rollBackPrompt},
		{get, "/api/v1/calibration", byToken, Viewer, s.listCalibration},
		{post, "/api/v1/calibration/:workflow/:field/fit", byToken, Administrator, s.fitField},
		{post, "/api/v1/calibration/:workflow/:field/rollback", byToken, Administrator, s.rollBackField},
		{get, "/api/v1/tokens", byToken, Administrator, s.listTokens},
		{post, "/api/v1/tokens", byToken, Administrator, s.createToken},
		{del, "/api/v1/tokens/:name", byToken, Administrator, s.revokeToken},

		{get, "/start", byAnyone, "", s.start},
		{get, "/login", byAnyone, "", s.showLogin},
		{post, "/login", byAnyone, "", s.login},
		{post, "/logout", bySession, Viewer, s.logout},
		{get, "/static/style.css", byAnyone, "", serve(s.views.style)},
		{get, "/static/keys.js", byAnyone, "", serve(s.views.script)},
		{get, "/", bySession, Viewer, s.queue},
		{post, "/bulk/approve", bySession, Approver, s.bulkApprove},
		{post, "/bulk/reject", bySession, Reviewer, s.bulkReject},
		{get, "/suggestions/:id", bySession, Viewer, s.suggestionPage},
		{post, "/suggestions/:id/approve", bySession, Approver, s.approveForm},
		{post, "/suggestions/:id/reject", bySession, Reviewer, s.rejectForm},
		{post, "/suggestions/:id/undo", bySession, Approver, s.undoForm},
		{post, "/suggestions/:id/snooze", bySession, Reviewer, s.snoozeForm},
		{post, "/suggestions/:id/assign", bySession, Reviewer, s.assignForm},
		{post, "/suggestions/:id/comment", bySession, Reviewer, s.commentForm},
		{get, "/activities/:type/:id", bySession, Viewer, s.activityPage},
		{get, "/calibration", bySession, Viewer, s.calibrationPage},
		{get, calibratedField, bySession, Viewer, s.fieldPage},
		{post, calibratedField + "/fit", bySession, Administrator, s.fitForm},
		{post, calibratedField + "/rollback", bySession, Administrator, s.rollBackForm},
		{get, "/locked", bySession, Viewer, s.lockedPage},
		{post, "/locked/release", bySession, Approver, s.releaseForm},
		{get, "/status", bySession, Viewer, s.statusPage},
		{post, "/status/stop", bySession, Approver, s.stopForm},
		{post, "/status/resume", bySession, Administrator, s.resumeForm},
		{post, "/status/policy", bySession, Administrator, s.approvePolicyForm},
	}
}

// guards are the handlers that run before a route's own.
func (s *server) guards(r route) []gin.HandlerFunc {
	switch r.door {
	case byToken:
		guards := []gin.HandlerFunc{s.bearer(r.role)}
		if r.method != http.MethodGet {
			guards = append(guards, s.noQuery)
		}
		return guards
	case bySession:
		return []gin.HandlerFunc{s.sameOrigin, s.session(r.role)}
	case byAnyone:
		return []gin.HandlerFunc{s.sameOrigin}
	case byHubSpot:
		return nil // the handler verifies: the signature covers the body that only it reads
	}
	panic("web: route " + r.path + " has no door")
}
