package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// distinct leaves out a claim that is made twice on the same evidence, as a draft does that asks what it also lists: it is read once. numbers says under which number each of
// them stands.
func distinct(claims []crm.ClaimText) (out []claimCard, numbers []int) {
	for _, claim := range claims {
		c := claimOf(claim)
		i := slices.IndexFunc(out, func(o claimCard) bool {
			return o.Text == c.Text && o.Supported == c.Supported && o.Why == c.Why && slices.Equal(o.Evidence, c.Evidence) && slices.Equal(o.Against, c.Against)
		})
		if i < 0 {
			i, c.Number = len(out), len(out)+1
			out = append(out, c)
		}
		numbers = append(numbers, i+1)
	}
	return out, numbers
}

// words makes a name of ours readable: "call_summary" is "Call summary".
func words(s string) string {
	s = strings.ReplaceAll(s, "_", " ")
	if rest, ours := strings.CutPrefix(s, "ai "); ours { // a property of ours
		return "AI " + rest
	}
	return capital(s)
}

// capital begins a text with a capital letter.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 || first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// changeWords is what would change: a property as HubSpot labels it ("AI lead score"), or what would be made.
func changeWords(c crm.Change) string {
	if c.Kind != crm.PropertyKind {
		return "New " + string(c.Kind)
	}
	return words(c.Property)
}

// kindWords is one of a kind of objects: "company", "call".
func kindWords(t crm.ObjectType) string {
	if t == crm.Companies {
		return "company"
	}
	if t.IsActivity() {
		return string(t.Kind())
	}
	return strings.TrimSuffix(string(t), "s")
}

// fieldWords is a field of a note or task with its value, as a person would say it.
func fieldWords(kind crm.ChangeKind, name, value string) choice {
	label, known := map[string]string{"hs_task_subject": "Title", "hs_task_status": "Status", "hs_task_type": "Type", "hs_task_priority": "Priority", "hs_timestamp": "Time", "hubspot_owner_id": "Owner"}[name]
	switch {
	case !known:
		return choice{name, value}
	case name == "hubspot_owner_id":
		value = "HubSpot user " + value
	case name == "hs_timestamp":
		if kind == crm.TaskKind {
			label = "Due"
		}
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			value = momentOf(at).Human
		}
	case name == "hs_task_type" && value == "TODO":
		value = "To-do"
	case name != "hs_task_subject":
		value = words(strings.ToLower(value))
	}
	return choice{label, value}
}

// reasonsBeside are the reasons of a verdict but for the one that the line with the confidence and the threshold tells.
func reasonsBeside(c crm.Change) []string {
	out := each(c.Reasons, words)
	return slices.DeleteFunc(out, func(r string) bool {
		return strings.HasPrefix(r, "Confidence "+percent(c.Confidence)+" ") && strings.HasSuffix(r, " "+percent(c.Threshold))
	})
}

func verdictWords(v crm.Verdict) string {
	switch v {
	case crm.Review:
		return "a person decides"
	case crm.Apply:
		return "written without asking"
	case crm.Drop:
		return "dropped"
	}
	return v.String()
}

// actorWords names who acted as people do; the audit has the exact form.
func actorWords(a crm.Actor) string {
	switch a.Kind {
	case crm.SystemActor:
		return "contextd (" + a.ID + ")"
	case crm.HubSpotActor:
		return "HubSpot user " + a.ID
	case crm.UserActor, crm.TokenActor, crm.ModelActor:
	}
	return a.ID
}

// sourceWords names who changed a property as people do; HubSpot says it as TYPE:id.
func sourceWords(s string) string {
	kind, id, _ := strings.Cut(s, ":")
	switch kind {
	case "CRM_UI", "CRM_UI_BULK_ACTION":
		if id = strings.TrimPrefix(id, "userId:"); id != "" {
			return "HubSpot user " + id
		}
		return "a person in HubSpot"
	case string(crm.TokenActor), string(crm.UserActor), string(crm.SystemActor), string(crm.HubSpotActor):
		return actorWords(crm.Actor{Kind: crm.ActorKind(kind), ID: id})
	case "":
		return "somebody in HubSpot"
	}
	return s
}

func percent(f float64) string {
	if math.IsNaN(f) {
		return "unknown"
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// percentage is a share in words: 0.02 is "2 %".
func percentage(f float64) string {
	return strconv.FormatFloat(math.Round(1e4*f)/100, 'f', -1, 64) + " %"
}

func share(f float64) int {
	if math.IsNaN(f) {
		return 0
	}
	return int(math.Round(100 * min(max(f, 0), 1)))
}

func costOf(u crm.Usage) string {
	if u == (crm.Usage{}) {
		return ""
	}
	cost := fmt.Sprintf("$%.4f", u.CostUSD)
	if u.Unpriced > 0 {
		cost = "cost unknown"
	}
	text := fmt.Sprintf("%d tokens in, %d out, %s", u.InputTokens, u.OutputTokens, cost)
	if u.FromCache > 0 {
		text += ", answer from the cache"
	}
	return text
}

// short is the beginning of a hash, enough to compare by eye.
func short(hash string) string { return hash[:min(12, len(hash))] }

// count is "1 change", "2 changes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// article puts "a" or "an" before a noun.
func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// The lines that every note and task of ours begins and ends with.
const (
	bodyLead = "AI-generated by contextd"
	bodyMark = "Ref: CTX-"
)

// briefly is a new value on one line: of notes and tasks without what stands in all of them.
func briefly(kind crm.ChangeKind, text string) string {
	if kind == crm.PropertyKind {
		return text
	}
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "•"))
		if line != "" && !strings.HasPrefix(line, bodyLead) && !strings.HasPrefix(line, bodyMark) {
			out = append(out, line)
		}
	}
	return strings.Join(out, " · ")
}

func rejectChoices() []choice {
	return each(crm.RejectReasons(), func(r string) choice { return choice{r, words(r)} })
}
