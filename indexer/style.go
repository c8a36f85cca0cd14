package indexer

import (
	"strconv"
	"strings"
)

// look is what decides whether a reader would see a text: inherited from element to element.
type look struct {
	hidden     bool
	color      int // 0xRRGGBB, or unknownColor
	background int
}

const unknownColor = -1

func visible() look { return look{color: 0x000000, background: 0xFFFFFF} }

// unseen reports text that no reader sees: switched off, or in the colour of its background.
func (l look) unseen() bool {
	return l.hidden || (l.color >= 0 && l.background >= 0 && near(l.color, l.background))
}

func near(a, b int) bool {
	diff := 0
	for shift := 0; shift < 24; shift += 8 {
		d := (a>>shift)&0xFF - (b>>shift)&0xFF
		diff += max(d, -d)
	}
	return diff <= 12
}

// declarations reads a style attribute. Property names and values come in lower case, without "!important". The last declaration of a name wins.
func declarations(style string) map[string]string {
	if style == "" {
		return nil
	}
	out := map[string]string{}
	for part := range strings.SplitSeq(style, ";") {
		name, value, ok := strings.Cut(part, ":")
		if !ok || len(value) > 200 {
			continue
		}
		value = strings.ToLower(strings.TrimSpace(value))
		value = strings.TrimSpace(strings.TrimSuffix(value, "!important"))
		out[strings.ToLower(strings.TrimSpace(name))] = value
	}
	return out
}

// apply derives the look inside an element from the look around it.
func (l look) apply(css map[string]string, attr map[string]string) look {
	if hides(css) {
		l.hidden = true
	}
	if _, ok := attr["hidden"]; ok {
		l.hidden = true
	}
	if v, ok := attr["color"]; ok {
		l.color = parseColor(v)
	}
	if v, ok := attr["bgcolor"]; ok {
		l.background = parseColor(v)
	}
	if _, ok := attr["background"]; ok {
		l.background = unknownColor
	}
	if v, ok := css["color"]; ok && v != "inherit" {
		l.color = parseColor(v)
	}
	for _, name := range []string{"background", "background-color"} {
		if v, ok := css[name]; ok && v != "transparent" && v != "inherit" && v != "none" && v != "" {
			l.background = parseColor(v)
		}
	}
	if _, ok := css["background-image"]; ok {
		l.background = unknownColor
	}
	return l
}

func hides(css map[string]string) bool {
	if css == nil {
		return false
	}
	if strings.HasPrefix(css["display"], "none") || css["visibility"] == "hidden" || css["visibility"] == "collapse" || css["mso-hide"] == "all" {
		return true
	}
	if v, ok := css["opacity"]; ok && number(v) == 0 {
		return true
	}
	if v, ok := css["font-size"]; ok && tiny(v) {
		return true
	}
	if clipped := css["overflow"] == "hidden"; clipped {
		for _, name := range []string{"max-height", "height", "max-width", "width"} {
			if v, ok := css[name]; ok && number(v) == 0 {
				return true
			}
		}
	}
	for _, name := range []string{"text-indent", "left", "top", "margin-left"} {
		if v, ok := css[name]; ok && number(v) <= -900 {
			return true
		}
	}
	return false
}

// tiny reports font sizes that nobody can read: at most two pixels or points.
func tiny(v string) bool {
	n := number(v)
	switch {
	case n < 0:
		return false
	case strings.HasSuffix(v, "em"), strings.HasSuffix(v, "%"):
		return n == 0 || (strings.HasSuffix(v, "em") && n < 0.15) || (strings.HasSuffix(v, "%") && n < 15)
	}
	return n <= 2
}

// number reads the leading number of a CSS value; what has none is 1.
func number(v string) float64 {
	end := 0
	for end < len(v) && (v[end] == '-' || v[end] == '+' || v[end] == '.' || (v[end] >= '0' && v[end] <= '9')) {
		end++
	}
	n, err := strconv.ParseFloat(v[:end], 64)
	if err != nil {
		return 1 // auto, inherit, a keyword: nothing that hides
	}
	return n
}

func parseColor(v string) int {
	v = strings.ToLower(strings.TrimSpace(v))
	switch v {
	case "white", "window":
		return 0xFFFFFF
	case "black", "windowtext":
		return 0x000000
	}
	if body, ok := strings.CutPrefix(v, "rgb"); ok {
		return parseRGB(body)
	}
	hex := strings.TrimPrefix(v, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	if len(hex) < 6 || (len(hex) > 6 && hex[6] != ' ') {
		return unknownColor
	}
	n, err := strconv.ParseUint(hex[:6], 16, 32)
	if err != nil {
		return unknownColor
	}
	return int(n)
}

func parseRGB(body string) int {
	fields := strings.FieldsFunc(body, func(r rune) bool { return !(r >= '0' && r <= '9') && r != '.' })
	if len(fields) < 3 {
		return unknownColor
	}
	out := 0
	for _, f := range fields[:3] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil || n < 0 || n > 255 {
			return unknownColor
		}
		out = out<<8 | int(n)
	}
	return out
}
