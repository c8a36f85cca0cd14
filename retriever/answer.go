package retriever

// AnswerFeatureNames names what answerability is judged by.
func AnswerFeatureNames() []string { return []string{"coverage"} }
