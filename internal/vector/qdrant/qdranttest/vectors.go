package qdranttest

import (
	"math"

	pb "github.com/qdrant/go-client/qdrant"
	"github.com/viterin/vek/vek32"
)

// vectors reads a point's vectors. A point without any is stored; no vector search finds it.
func (c *collection) vectors(v *pb.Vectors) (map[string][]float32, map[string]map[uint32]float32, error) {
	named := map[string]*pb.Vector{}
	switch o := v.GetVectorsOptions().(type) {
	case *pb.Vectors_Vector:
		named[""] = o.Vector
	case *pb.Vectors_Vectors:
		named = o.Vectors.GetVectors()
	}
	dense, sparse := map[string][]float32{}, map[string]map[uint32]float32{}
	for name, vec := range named {
		switch x := vec.GetVector().(type) {
		case *pb.Vector_Dense:
			d, err := c.denseOf(name, x.Dense.GetData())
			if err != nil {
				return nil, nil, err
			}
			dense[name] = d
		case *pb.Vector_Sparse:
			s, err := c.sparseOf(name, x.Sparse)
			if err != nil {
				return nil, nil, err
			}
			sparse[name] = s
		default:
			return nil, nil, invalid("the double does not know the vector %T", x)
		}
	}
	return dense, sparse, nil
}

// denseOf checks name and dimension, nothing else: NaN and zero are accepted. Cosine vectors get unit length.
func (c *collection) denseOf(name string, data []float32) ([]float32, error) {
	params, ok := c.dense[name]
	if !ok {
		return nil, invalid("Wrong input: Not existing vector name error: %s", name)
	}
	if uint64(len(data)) != params.GetSize() {
		return nil, invalid("Wrong input: Vector dimension error: expected dim: %d, got %d", params.GetSize(), len(data))
	}
	if params.GetDistance() != pb.Distance_Cosine {
		return data, nil
	}
	return unit(data), nil
}

// unit leaves vectors of zero or unit length as they are.
func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	if length == 0 || math.Abs(length-1) < 1e-6 {
		return v
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / length)
	}
	return out
}

// sparseOf refuses a repeated index and lists of different lengths; an unsorted or empty vector is fine.
func (c *collection) sparseOf(name string, v *pb.SparseVector) (map[uint32]float32, error) {
	if _, ok := c.sparse[name]; !ok {
		return nil, invalid("Wrong input: Not existing vector name error: %s", name)
	}
	if len(v.GetIndices()) != len(v.GetValues()) {
		return nil, invalid("Validation error: [values: must be the same length as indices]")
	}
	out := make(map[uint32]float32, len(v.GetIndices()))
	for i, index := range v.GetIndices() {
		if _, twice := out[index]; twice {
			return nil, invalid("Validation error: [indices: must be unique]")
		}
		out[index] = v.GetValues()[i]
	}
	return out, nil
}

func similarity(d pb.Distance, a, b []float32) (float32, error) {
	switch d {
	case pb.Distance_Cosine, pb.Distance_Dot:
		return vek32.Dot(a, b), nil
	}
	return 0, invalid("the double does not know the distance %s", d)
}
