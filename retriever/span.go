package retriever

import "time"

// span is a stretch of time that a question names: from inclusive, to exclusive. Weight is 1, and less for a reading that is less likely (an earlier May than the last).
type span struct {
	from, to time.Time
	weight   float64
}

// fits is 1 inside the span and falls off outside it, from a half to nothing within four days or four tenths of the span, whichever is longer. What is said of a day is
// often said soon after.
func (s span) fits(t time.Time) float32 {
	reach := 4 * max(24*time.Hour, s.to.Sub(s.from)/10)
	var off time.Duration
	switch {
	case t.Before(s.from):
		off = s.from.Sub(t)
	case !t.Before(s.to):
		off = t.Sub(s.to)
	default:
		return 1
	}
	if off > reach {
		return 0
	}
	return 0.5 * float32(1-float64(off)/float64(reach))
}

// shift is the beginning of the unit that lies n units from now.
func (r *dateReader) shift(u unitOfTime, n int) time.Time {
	t := midnight(r.now)
	switch u {
	case weekUnit:
		return t.AddDate(0, 0, -(int(t.Weekday())+6)%7+7*n)
	case weekendUnit:
		return t.AddDate(0, 0, -(int(t.Weekday())+6)%7+7*n+5)
	case monthUnit:
		return date(t.Year(), int(t.Month())+n, 1)
	case quarterUnit:
		return date(t.Year(), (int(t.Month())-1)/3*3+1+3*n, 1)
	case yearUnit:
		return date(t.Year()+n, 1, 1)
	}
	return t.AddDate(0, 0, n)
}

// after is the end of the unit that begins there.
func (r *dateReader) after(u unitOfTime, from time.Time) time.Time {
	switch u {
	case weekUnit:
		return from.AddDate(0, 0, 7)
	case weekendUnit:
		return from.AddDate(0, 0, 2)
	case monthUnit:
		return from.AddDate(0, 1, 0)
	case quarterUnit:
		return from.AddDate(0, 3, 0)
	case yearUnit:
		return from.AddDate(1, 0, 0)
	}
	return from.AddDate(0, 0, 1)
}

func (r *dateReader) day(y, m, d int, weight float64) {
	if y == 0 {
		r.anyYear(func(y int) (time.Time, time.Time) { return date(y, m, d), date(y, m, d+1) })
		return
	}
	r.add(date(y, m, d), date(y, m, d+1), weight)
}

func (r *dateReader) month(y, m int) {
	if y == 0 {
		r.anyYear(func(y int) (time.Time, time.Time) { return date(y, m, 1), date(y, m+1, 1) })
		return
	}
	r.add(date(y, m, 1), date(y, m+1, 1), 1)
}

// anyYear adds the reading of every year that the account reaches into, the last one that has begun by now first.
func (r *dateReader) anyYear(of func(year int) (from, to time.Time)) {
	weight := 1.0
	from, to := r.now.Year()+1, r.now.Year()
	if !r.first.IsZero() {
		to = min(to, r.first.Year())
	}
	for y := from; y >= to; y-- {
		start, end := of(y)
		if start.After(r.now) && (r.last.IsZero() || start.After(r.last)) {
			continue
		}
		if !r.last.IsZero() && start.After(r.last) || !r.first.IsZero() && !end.After(r.first) {
			continue
		}
		r.add(start, end, weight)
		weight *= 0.7
	}
}

func (r *dateReader) add(from, to time.Time, weight float64) {
	r.spans = append(r.spans, span{from, to, weight})
}

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func midnight(t time.Time) time.Time { return date(t.Year(), int(t.Month()), t.Day()) }
