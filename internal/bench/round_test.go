package bench

import (
	"crypto/sha256"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

const (
	rounds     = 5  // sound ones that a verdict needs
	mostRounds = 10 // tried at the most
	drift      = 0.25
)

// alternate runs round until enough sound ones are there: those beside which the calibrators gave what they gave in the middle of all rounds, within drift. It
// returns the figures of the sound rounds, in order, and how many others there were. When too few are sound it returns all of them, and the number of the unsound
// ones is more than a verdict bears. The first round warms up and does not count.
func alternate[T any](b *testing.B, disk bool, round func() T) (figures []T, unsound int) {
	b.Helper()
	round()
	var all []T
	var beside [][2]float64
	for len(all) < mostRounds {
		before := calibrate(b, disk)
		all = append(all, round())
		after := calibrate(b, disk)
		beside = append(beside, [2]float64{(before[0] + after[0]) / 2, (before[1] + after[1]) / 2})
		if len(all) < rounds {
			continue
		}
		if sound := soundOnes(all, beside); len(sound) >= rounds {
			return sound, len(all) - len(sound)
		}
	}
	return all, len(all) - len(soundOnes(all, beside))
}

func soundOnes[T any](all []T, beside [][2]float64) (sound []T) {
	var usual [2]float64
	for k := range usual {
		var rates []float64
		for _, c := range beside {
			rates = append(rates, c[k])
		}
		usual[k] = median(rates)
	}
	for i, c := range beside {
		if math.Abs(c[0]-usual[0]) > drift*usual[0] || math.Abs(c[1]-usual[1]) > drift*usual[1] {
			continue
		}
		sound = append(sound, all[i])
	}
	return sound
}

// calibrate says what the machine gives at this moment: hashing on all cores, and, where disk counts, small synchronised appends (0 otherwise), per second.
func calibrate(b *testing.B, disk bool) [2]float64 {
	b.Helper()
	const span = 40 * time.Millisecond
	counts := make([]int, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	start := time.Now()
	for i := range counts {
		all.Go(func() {
			block := make([]byte, 16<<10)
			for time.Since(start) < span {
				sum := sha256.Sum256(block)
				block[0] = sum[0]
				counts[i]++
			}
		})
	}
	all.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	out := [2]float64{float64(total) / time.Since(start).Seconds()}
	if disk {
		out[1] = appends(b, 2*span)
	}
	return out
}

func appends(b *testing.B, span time.Duration) float64 {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	n, record, start := 0, make([]byte, 300), time.Now()
	for ; time.Since(start) < span; n++ {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / time.Since(start).Seconds()
}

// column picks one figure of every round.
func column[T any](rounds []T, pick func(T) float64) []float64 {
	out := make([]float64, len(rounds))
	for i, r := range rounds {
		out[i] = pick(r)
	}
	return out
}

// took is how long f takes in seconds, on a heap without the leavings of what came before.
func took(f func()) float64 {
	runtime.GC()
	start := time.Now()
	f()
	return time.Since(start).Seconds()
}
