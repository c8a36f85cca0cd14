package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

const (
	sayEvery  = 5 * time.Second // without a terminal: a line after so long,
	sayGrowth = 0.05            // or after so much progress
)

// progress shows how far several things have come, how fast, and how long they will take: bars on a terminal, now and then a line elsewhere, nothing with --quiet.
type progress struct {
	out   *output
	now   func() time.Time
	bars  *mpb.Progress // nil without a terminal
	each  map[string]*mpb.Bar
	lines map[string]*counted
	said  time.Time
	share float64 // when it was said
	ended bool
}

// counted is one thing as it was first seen and as it is now.
type counted struct {
	since              time.Time
	first, done, total int
}

func newProgress(out *output) *progress {
	p := &progress{out: out, now: time.Now, each: map[string]*mpb.Bar{}, lines: map[string]*counted{}}
	if !out.Quiet && isTerminal(out.Stderr) {
		p.bars = mpb.New(mpb.WithOutput(out.Stderr), mpb.WithWidth(32))
	}
	p.said = p.now()
	return p
}

// count takes the state of one thing; total may grow.
func (p *progress) count(name string, done, total int) {
	if p.bars == nil {
		p.line(name, done, total)
		return
	}
	bar := p.each[name]
	if bar == nil {
		bar = p.bars.AddBar(int64(total), mpb.PrependDecorators(decor.Name(name, decor.WC{W: 16, C: decor.DindentRight}), decor.CountersNoUnit("%d / %d", decor.WC{W: 16})),
			mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.AverageSpeed(0, "  %.0f/s"), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)))
		p.each[name] = bar
	}
	bar.SetTotal(int64(total), false)
	bar.SetCurrent(int64(min(done, total)))
}

// line says everything that is counted, if it is time to.
func (p *progress) line(name string, done, total int) {
	c := p.lines[name]
	if c == nil {
		c = &counted{since: p.now(), first: done}
		p.lines[name] = c
	}
	c.done, c.total = done, total
	done, total = 0, 0
	for _, c := range p.lines {
		done, total = done+c.done, total+c.total
	}
	share := float64(done) / float64(max(total, 1))
	if p.now().Sub(p.said) < sayEvery && share-p.share < sayGrowth {
		return
	}
	p.said, p.share = p.now(), share
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p.lines)) {
		parts = append(parts, name+" "+p.lines[name].text(p.now()))
	}
	p.out.Say("indexed: %s", strings.Join(parts, ", "))
}

// text is "120 of 400 (60/s, 5s left)".
func (c *counted) text(now time.Time) string {
	text := fmt.Sprintf("%d of %d", c.done, c.total)
	took := now.Sub(c.since).Seconds()
	if c.done <= c.first || took <= 0 || c.done >= c.total {
		return text
	}
	rate := float64(c.done-c.first) / took
	left := time.Duration(float64(c.total-c.done) / rate * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s (%.0f/s, %s left)", text, rate, left)
}

// close leaves the bars as they are and waits until they are drawn. A second call does nothing.
func (p *progress) close() {
	if p.bars == nil || p.ended {
		return
	}
	p.ended = true
	for _, bar := range p.each {
		bar.Abort(false)
	}
	p.bars.Wait()
}
