package main

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

const (
	barSteps  = 1000            // of one whole bar
	sayEvery  = 5 * time.Second // without a terminal: a line after so long,
	sayGrowth = 0.05            // or after so much progress
)

// progress shows how far several things have come: bars on a terminal, now and then a line elsewhere, nothing with --quiet.
type progress struct {
	out   *output
	now   func() time.Time
	bars  *mpb.Progress // nil without a terminal
	each  map[string]*mpb.Bar
	said  time.Time
	share float64 // when it was said
	ended bool
}

func newProgress(out *output) *progress {
	p := &progress{out: out, now: time.Now, each: map[string]*mpb.Bar{}}
	if !out.Quiet && isTerminal(out.Stderr) {
		p.bars = mpb.New(mpb.WithOutput(out.Stderr), mpb.WithWidth(32))
	}
	p.said = p.now()
	return p
}

// show takes the state of each thing, 0 to 1.
func (p *progress) show(shares map[string]float64) {
	names := slices.Sorted(maps.Keys(shares))
	if p.bars == nil {
		p.line(shares, names)
		return
	}
	for _, name := range names {
		bar := p.each[name]
		if bar == nil {
			bar = p.bars.AddBar(barSteps, mpb.PrependDecorators(decor.Name(name, decor.WC{W: 16, C: decor.DindentRight})), mpb.AppendDecorators(decor.Percentage()))
			p.each[name] = bar
		}
		bar.SetCurrent(int64(min(max(shares[name], 0), 1) * barSteps))
	}
}

func (p *progress) line(shares map[string]float64, names []string) {
	sum := 0.0
	for _, name := range names {
		sum += shares[name]
	}
	mean := sum / float64(cmp.Or(len(names), 1))
	if p.now().Sub(p.said) < sayEvery && mean-p.share < sayGrowth {
		return
	}
	p.said, p.share = p.now(), mean
	p.out.Say("indexed: %s", pairs(shares, percent))
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
