package flat

// layout is how vectors lie in a file. An activity's vectors are rows of up to cut chunks, and a row ends where the number of a chunk is a multiple of cut. Chunks are numbered in
// the order of writing, so that rows come in pages of their own size: a page holds whole rows only, and activities in one row each would leave up to half of it empty, while
// a row for each chunk costs microseconds of every load.
type layout struct{ page, cut int }

// spilledCut is the cut where a single chunk is larger than a page: the pages that hold the rest of a row belong to it alone and are full.
const spilledCut = 8

// layoutOf chooses for chunks with vectors of this many bytes. Pages of 4 kB would spend a third more on 256 dimensions; but every small row that changes is written with all of
// its page, so that each doubling has to save a twenty-fifth.
func layoutOf(bytes int) layout {
	best, least := layout{}, 0.0
	for page, price := 4096, 1.0; page <= 65536; page, price = 2*page, price+.04 {
		l := layout{page, (page - pageHeader) / (bytes + checksumBytes + rowHeader)}
		if l.cut == 0 {
			l.cut = spilledCut
		}
		if cost := price * l.share(bytes); best.page == 0 || cost < least {
			best, least = l, cost
		}
	}
	return best
}

// Of a table of rows that have a number and a blob (sqlite.org/fileformat.html §1.6).
const (
	pageHeader = 8
	rowHeader  = 12 // where it lies, its length, its number; then the length of what describes the two, and their types
)

// share is how many bytes of the file the vectors of a chunk take that is alone in its row.
func (l layout) share(bytes int) float64 {
	local, spilled := bytes+checksumBytes, 0
	if local > l.page-35 { // the rest goes to pages of its own
		least := (l.page-12)*32/255 - 23
		part := least + (local-least)%(l.page-4)
		if part > l.page-35 {
			part = least
		}
		spilled = (local - part + l.page - 5) / (l.page - 4)
		local = part + 4
	}
	return float64(spilled*l.page) + float64(l.page)/float64((l.page-pageHeader)/(local+rowHeader))
}

// start is the number of the row that holds a chunk of the activity n.
func (l layout) start(n, chunk int64) int64 { return max(n, chunk-chunk%int64(l.cut)) }

// end is the number after the last chunk of the row that begins with a chunk, in an activity that ends before end.
func (l layout) end(chunk, end int64) int64 {
	return min(end, chunk-chunk%int64(l.cut)+int64(l.cut))
}
