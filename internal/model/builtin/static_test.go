package builtin

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/contextd/contextd/internal/crm"
)

func embedStatic(t *testing.T, texts ...string) [][]float32 {
	t.Helper()
	v, _, err := Embedder{}.Embed(t.Context(), crm.EmbedDocument, texts)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Texts of one meaning without a common word must be nearer than texts of two, which letters alone cannot do.
func TestMeaningWithoutCommonWords(t *testing.T) {
	for _, c := range [][3]string{
		{"The invoice is overdue", "Payment of your bill is late", "The dog likes long walks"},
		{"They want to cancel their subscription", "Customer is ending the contract", "Lunch at the new restaurant was nice"},
		{"My doctor gave me new medicine", "hospital physician prescription drugs", "our servers went down last night"},
		{"She adopted a puppy", "a dog joined the family", "quarterly revenue forecast"},
		{"onboarding of new employees", "training for the staff we hired", "rainy weather at the beach"},
	} {
		v := embedStatic(t, c[0], c[1], c[2])
		if near, far := dot(v[0], v[1]), dot(v[0], v[2]); near < far+.1 {
			t.Errorf("%q: %.3f to %q, %.3f to %q", c[0], near, c[1], far, c[2])
		}
	}
}

func TestNamesAndOtherLanguagesMeetThemselves(t *testing.T) {
	for _, c := range [][3]string{
		{"Zbigniew Qworlikowski", "call with qworlikowski", "call with anderssohn"},
		{"Vertragsverlängerung besprechen", "die Vertragsverlängerung", "die Mittagspause"},
		{"我们需要价格", "价格太高", "今天下雨"},
		{"schedulling", "schedullings", "frobnicate"},
	} {
		v := embedStatic(t, c[0], c[1], c[2])
		if near, far := dot(v[0], v[1]), dot(v[0], v[2]); near < far+.1 {
			t.Errorf("%q: %.3f to %q, %.3f to %q", c[0], near, c[1], far, c[2])
		}
	}
}

func TestStaticTextsWithoutWordsAreOrthogonalToAllOthers(t *testing.T) {
	v := embedStatic(t, "", " \n…!?", "a word", "qworlikowski")
	if dot(v[0], v[1]) < .999 || dot(v[0], v[2]) != 0 || dot(v[0], v[3]) != 0 {
		t.Errorf("empty texts: %v, %v and %v, want 1, 0 and 0", dot(v[0], v[1]), dot(v[0], v[2]), dot(v[0], v[3]))
	}
}

// The embedder and whoever sums words must agree.
func TestATextIsTheSumOfItsWords(t *testing.T) {
	const text = "Qworlikowski wants 48,000 seats, planning the roll-out; a timesheet for technicians"
	sum := make([]float32, Dim)
	for _, w := range crm.Terms(text) {
		for d, x := range Static().Word(w) {
			sum[d] += x
		}
	}
	if c := dot(unit(sum), embedStatic(t, text)[0]); math.Abs(c-1) > 1e-5 {
		t.Errorf("cosine %v, want 1", c)
	}
}

func TestNeighboursAreWordsOfSimilarMeaning(t *testing.T) {
	w := Static()
	for word, want := range map[string]string{"contract": "agreement", "doctor": "physician", "renewals": "renewal", "angry": "enraged", "car": "vehicle", "buy": "purchase", "hiking": "hike", "subscription": "subscribe"} {
		list := w.Neighbours(word)
		if !slices.ContainsFunc(list, func(n crm.WordNeighbour) bool { return n.Word == want }) {
			t.Errorf("%s: %q is not among %v", word, want, list)
		}
	}
	for _, word := range w.words {
		list := w.Neighbours(word)
		for i, n := range list {
			if n.Word == word || n.Cosine < Closest || n.Cosine > 1 || (i > 0 && n.Cosine > list[i-1].Cosine) {
				t.Fatalf("%s: neighbour %d is %v: not itself, from %v to 1, falling", word, i, n, Closest)
			}
		}
	}
	if got := w.Neighbours("qworlikowski"); len(got) > 0 {
		t.Errorf("an unknown word has neighbours: %v", got)
	}
}

func TestFormsHaveTheirBase(t *testing.T) {
	for word, want := range map[string]string{"technicians": "technicians", "reimbursing": "reimburse", "escalations": "escalations", "qworlikowski": "", "": "", "s": "", "skus": "skus"} {
		if got := Static().Base(word); got != want {
			t.Errorf("base of %q is %q, want %q", word, got, want)
		}
	}
	if !Static().Known("price") || Static().Known("qworlikowski") {
		t.Error("price is known, qworlikowski is not")
	}
}

func TestFrequentWordsWeighLess(t *testing.T) {
	w := Static()
	length := func(word string) float64 { return math.Sqrt(dot(w.Word(word), w.Word(word))) }
	if the, price, rare := length("the"), length("price"), length("procurement"); the > price/3 || rare < price {
		t.Errorf("lengths: the %.3f, price %.3f, procurement %.3f", the, price, rare)
	}
}

func TestDecodedWordsAreBounded(t *testing.T) {
	w, err := openWords(wordsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range w.words[:min(len(w.words), maxDecoded+100)] {
		w.Word(word)
	}
	if len(w.decoded) > maxDecoded {
		t.Errorf("%d words are kept decoded", len(w.decoded))
	}
	if v := w.Word(w.words[maxDecoded+50]); !slices.Equal(v, w.Word(w.words[maxDecoded+50])) {
		t.Error("a word that is not kept must be the same every time")
	}
}

func wordFile() WordFile {
	f := WordFile{Words: []string{"car", "price", "vehicle"}, Neighbours: [][]crm.WordNeighbour{{{Word: "vehicle", Cosine: .9}}, nil, {{Word: "car", Cosine: .9}}}}
	for i := range f.Words {
		v := make([]float32, learned)
		v[i], v[100] = .5, -.25
		f.Vectors = append(f.Vectors, v)
	}
	return f
}

func TestWordFileRoundTrip(t *testing.T) {
	f := wordFile()
	b, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w, err := openWords(string(b))
	if err != nil {
		t.Fatal(err)
	}
	v := w.Word("price")
	if v[0] != 0 || math.Abs(float64(v[2]-.5)) > 1e-6 || math.Abs(float64(v[101]+.25)) > .002 {
		t.Errorf("price: %v %v %v", v[0], v[2], v[101])
	}
	if n := w.Neighbours("car"); len(n) != 1 || n[0].Word != "vehicle" || math.Abs(float64(n[0].Cosine-.9)) > .003 {
		t.Errorf("neighbours %v", n)
	}
}

func TestDamagedWordFilesAreRefused(t *testing.T) {
	b, err := wordFile().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		bad := slices.Clone(b)
		bad[i] ^= 0x10
		if _, err := openWords(string(bad)); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := openWords(string(b[:i])); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%d of %d bytes: %v", i, len(b), err)
		}
	}
}

func TestWordFilesThatDoNotFitTogether(t *testing.T) {
	for name, spoil := range map[string]func(f *WordFile){
		"nothing":           func(f *WordFile) { *f = WordFile{} },
		"order":             func(f *WordFile) { f.Words[0], f.Words[1] = f.Words[1], f.Words[0] },
		"twice":             func(f *WordFile) { f.Words[1] = f.Words[0] },
		"long":              func(f *WordFile) { f.Words[2] = "x" + strings.Repeat("y", 255) },
		"dimension":         func(f *WordFile) { f.Vectors[0] = f.Vectors[0][1:] },
		"zero":              func(f *WordFile) { f.Vectors[0] = make([]float32, learned) },
		"missing vector":    func(f *WordFile) { f.Vectors = f.Vectors[1:] },
		"unknown neighbour": func(f *WordFile) { f.Neighbours[0][0].Word = "bus" },
		"own neighbour":     func(f *WordFile) { f.Neighbours[0][0].Word = "car" },
		"far neighbour":     func(f *WordFile) { f.Neighbours[0][0].Cosine = .2 },
	} {
		f := wordFile()
		spoil(&f)
		if _, err := f.Encode(); !errors.Is(err, crm.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkOpenWords(b *testing.B) {
	for b.Loop() {
		if _, err := openWords(wordsFile); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStaticShortTexts(b *testing.B) {
	texts := make([]string, 256)
	for i := range texts {
		texts[i] = "We are at 140 technicians and need a price by Friday."
	}
	for b.Loop() {
		if _, _, err := (Embedder{}).Embed(b.Context(), crm.EmbedDocument, texts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "texts/s")
}

func TestFingerprintHoldsTheChecksumOfTheVectors(t *testing.T) {
	want := fmt.Sprintf("%s@1-%08x", staticName, checksum(wordsFile[len(staticMagic)+4:]))
	if got := (Embedder{}).Fingerprint(); got != want {
		t.Errorf("%s, but the vectors are %s", got, want)
	}
}
