package crm

// Pasted is a message that somebody put into a text of theirs: byte offsets of where its header begins, where its own words begin, and where it ends. Name and Email are of the one
// who wrote it, as far as the header says.
type Pasted struct {
	Start, Content, End int
	Name, Email         string
}
