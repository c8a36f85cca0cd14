package retriever

import "github.com/contextd/contextd/internal/crm"

// Shape is the form of what is ranked; each has its own weights. Short turns of a chat, chunks of a transcript and whole mails differ in what makes them relevant.
type Shape string

// The shapes, and the kinds of activity that have them.
const (
	Chat       Shape = "chat"       // messages
	Transcript Shape = "transcript" // calls and meetings
	Document   Shape = "document"   // mails, notes and tasks
)

// Shapes lists all shapes.
func Shapes() []Shape { return []Shape{Chat, Transcript, Document} }

// shapeCount is how many shapes there are; shapeIndex is where one stands in Shapes.
const shapeCount = 3

func shapeIndex(k crm.Kind) uint8 {
	switch ShapeOf(k) {
	case Chat:
		return 0
	case Transcript:
		return 1
	case Document:
	}
	return 2
}

// ShapeOf is the shape of a kind of activity.
func ShapeOf(k crm.Kind) Shape {
	switch k {
	case crm.Message:
		return Chat
	case crm.Call, crm.Meeting:
		return Transcript
	}
	return Document
}

// Class is what kind of embedder gave the dense features; weights differ by it.
type Class string

// The classes of embedders.
const (
	Lexical     Class = "lexical"     // no dense arm: word vectors at most
	WordVectors Class = "static"      // the built-in embedder: a mean of word vectors
	Transformer Class = "transformer" // any model that reads words in their context
)

// Classes lists all classes.
func Classes() []Class { return []Class{Lexical, WordVectors, Transformer} }

// Candidate is one chunk as the ranker sees it, for learning and for explaining. Features are aligned to FeatureNames, scaled to about 0…1 inside one question.
type Candidate struct {
	Chunk    string
	Shape    Shape
	Features []float64
	Score    float64 // Features · weights of its shape and of the embedder's class
}
