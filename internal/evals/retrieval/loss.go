package retrieval

import (
	"math"
	"runtime"
	"sync"
)

// loss is the data's and the pull towards the centre; see data.
func (p *problem) loss(w, gradient, hessian []float64) float64 {
	sum := p.data(w, gradient, hessian)
	for i := range w {
		d := w[i] - p.centre[i]
		sum += p.lambda * d * d
		if gradient != nil {
			gradient[i] += 2 * p.lambda * d
			hessian[i*p.size+i] += 2*p.lambda + 1e-9 // a feature that never varies must not make the matrix singular
		}
	}
	return sum
}

// parts is how many stretches the questions are divided into: a constant, because the sums must not depend on the machine.
const parts = 32

type partial struct {
	loss              float64
	gradient, hessian []float64
}

// data is the loss over all lists at w; gradient and hessian are overwritten unless nil.
func (p *problem) data(w, gradient, hessian []float64) float64 {
	var sums [parts]partial
	next := make(chan int, parts)
	for i := range parts {
		next <- i
	}
	close(next)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), parts) {
		workers.Go(func() {
			for i := range next {
				s := &sums[i]
				if gradient != nil {
					s.gradient, s.hessian = make([]float64, p.size), make([]float64, p.size*p.size)
				}
				for _, l := range p.lists[i*len(p.lists)/parts : (i+1)*len(p.lists)/parts] {
					s.add(l, w)
				}
			}
		})
	}
	workers.Wait()
	clear(gradient)
	clear(hessian)
	loss := 0.0
	for i := range sums {
		loss += sums[i].loss
		for j, x := range sums[i].gradient {
			gradient[j] += x
		}
		for j, x := range sums[i].hessian {
			hessian[j] += x
		}
	}
	for i := range p.size { // only the upper half was summed
		for j := range i {
			if hessian != nil {
				hessian[i*p.size+j] = hessian[j*p.size+i]
			}
		}
	}
	return loss
}

// add adds one question: −mean over the relevant of log softmax, whose gradient is E[f] − mean f of the relevant, and whose second derivative the covariance of f.
func (s *partial) add(l list, w []float64) {
	scores := make([]float64, len(l.Candidates))
	top, hits := math.Inf(-1), 0.0
	for i, f := range l.Candidates {
		scores[i] = Dot(w, f)
		top = max(top, scores[i])
		if l.Relevant[i] {
			hits += scores[i]
		}
	}
	total := 0.0
	for i := range scores {
		scores[i] = math.Exp(scores[i] - top)
		total += scores[i]
	}
	s.loss += l.weight * (math.Log(total) + top - hits/l.relevant)
	if s.gradient == nil {
		return
	}
	n := len(w)
	expected := make([]float64, n)
	for i, f := range l.Candidates {
		share := scores[i] / total
		for j, x := range f {
			if x == 0 {
				continue
			}
			expected[j] += share * x
			if l.Relevant[i] {
				s.gradient[j] -= l.weight * x / l.relevant
			}
			scale, row := l.weight*share*x, s.hessian[j*n:]
			for k := j; k < n; k++ {
				row[k] += scale * f[k]
			}
		}
	}
	for j, x := range expected {
		s.gradient[j] += l.weight * x
		for k := j; k < n; k++ {
			s.hessian[j*n+k] -= l.weight * x * expected[k]
		}
	}
}

// Dot is the score of a candidate: the sum of weight times feature. Both have the same length.
func Dot(weights, features []float64) float64 {
	sum := 0.0
	for i, x := range features {
		sum += weights[i] * x
	}
	return sum
}

// solve solves the symmetric positive definite system a·x = b by Cholesky's decomposition; false when a is not such a matrix.
func solve(a, b []float64) ([]float64, bool) {
	n := len(b)
	l, x := make([]float64, n*n), make([]float64, n)
	for i := range n {
		for j := 0; j <= i; j++ {
			sum := a[i*n+j]
			for k := range j {
				sum -= l[i*n+k] * l[j*n+k]
			}
			if i != j {
				l[i*n+j] = sum / l[j*n+j]
				continue
			}
			if !(sum > 0) {
				return nil, false
			}
			l[i*n+i] = math.Sqrt(sum)
		}
	}
	for i := range n {
		sum := b[i]
		for k := range i {
			sum -= l[i*n+k] * x[k]
		}
		x[i] = sum / l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		sum := x[i]
		for k := i + 1; k < n; k++ {
			sum -= l[k*n+i] * x[k]
		}
		x[i] = sum / l[i*n+i]
	}
	return x, true
}
