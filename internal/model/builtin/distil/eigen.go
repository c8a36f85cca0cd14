package main

import (
	"math"
	"slices"
)

// covariance is the mean of v·vᵀ over centred vectors.
func covariance(vectors [][]float64) [][]float64 {
	n := len(vectors[0])
	out := make([][]float64, n)
	parallel(n, func(i int) {
		row := make([]float64, n)
		for _, v := range vectors {
			x := v[i] / float64(len(vectors))
			for j, y := range v {
				row[j] += x * y
			}
		}
		out[i] = row
	})
	return out
}

// eigen diagonalises a symmetric matrix by Jacobi's rotations, in place (Golub and Van Loan, Matrix Computations, §8.5): values[k] belongs to the unit vector vectors[k], whose
// largest component is positive, so that the result does not depend on the path.
func eigen(a [][]float64) (values []float64, vectors [][]float64) {
	n := len(a)
	vectors = make([][]float64, n)
	for i := range vectors {
		vectors[i] = make([]float64, n)
		vectors[i][i] = 1
	}
	for range 100 {
		if off(a) < 1e-22*trace(a)*trace(a) {
			break
		}
		for p := range n - 1 {
			for q := p + 1; q < n; q++ {
				rotate(a, vectors, p, q)
			}
		}
	}
	values = make([]float64, n)
	for i := range n {
		values[i] = a[i][i]
		if largest(vectors[i]) < 0 {
			for j := range vectors[i] {
				vectors[i][j] *= -1
			}
		}
	}
	return values, vectors
}

// rotate makes a[p][q] zero. Vectors are kept as rows, so that a rotation touches two rows only.
func rotate(a, vectors [][]float64, p, q int) {
	if a[p][q] == 0 {
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	turn(a[p], a[q], c, s)
	for k := range a {
		x, y := a[k][p], a[k][q]
		a[k][p], a[k][q] = c*x-s*y, s*x+c*y
	}
	turn(vectors[p], vectors[q], c, s)
}

func turn(x, y []float64, c, s float64) {
	for k := range x {
		u, v := x[k], y[k]
		x[k], y[k] = c*u-s*v, s*u+c*v
	}
}

func off(a [][]float64) (sum float64) {
	for i := range a {
		for j := range a {
			if i != j {
				sum += a[i][j] * a[i][j]
			}
		}
	}
	return sum
}

func trace(a [][]float64) (sum float64) {
	for i := range a {
		sum += a[i][i]
	}
	return sum
}

func largest(v []float64) float64 {
	return slices.MaxFunc(v, func(a, b float64) int {
		switch a, b := math.Abs(a), math.Abs(b); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
}

// descending are the indexes of values, the largest first.
func descending(values []float64) []int {
	out := make([]int, len(values))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int {
		switch {
		case values[a] > values[b]:
			return -1
		case values[a] < values[b]:
			return 1
		}
		return 0
	})
	return out
}
