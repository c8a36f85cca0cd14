package redact

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

var update = flag.Bool("update", false, "write plans.txt anew")

// TestPlansAreThoseOfTheLibrary fails when the library knows other numbers than plans.txt; -update writes it.
func TestPlansAreThoseOfTheLibrary(t *testing.T) {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]*phonenumbers.PhoneMetadata{}
	for _, m := range all.GetMetadata() {
		of[fmt.Sprint(m.GetCountryCode(), m.GetId())] = m
	}
	var b strings.Builder
	for code := range int32(1000) {
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(int(code)) {
			planLine(&b, of[fmt.Sprint(code, region)])
		}
	}
	if *update {
		if err := os.WriteFile("plans.txt", []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != plansFile {
		t.Error("plans.txt is not what the library knows: run this test with -update")
	}
}

func planLine(b *strings.Builder, m *phonenumbers.PhoneMetadata) {
	kinds := []*phonenumbers.PhoneNumberDesc{m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(), m.GetVoip(), m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail(), m.GetFixedLine()}
	if !m.GetSameMobileAndFixedLinePattern() {
		kinds = append(kinds, m.GetMobile())
	}
	fmt.Fprintf(b, "%s\t%d\t%s\t%s\t%s\t%s\t%s", m.GetId(), m.GetCountryCode(), m.GetInternationalPrefix(), m.GetNationalPrefixForParsing(), m.GetNationalPrefixTransformRule(), m.GetLeadingDigits(), formText(m.GetGeneralDesc()))
	for _, k := range kinds {
		if k.GetNationalNumberPattern() != "" && !slices.Contains(k.GetPossibleLength(), -1) {
			b.WriteString("\t" + formText(k))
		}
	}
	b.WriteString("\n")
}

func formText(d *phonenumbers.PhoneNumberDesc) string {
	list := func(n []int32) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(n), " ", ","), "[]") }
	return list(d.GetPossibleLength()) + "/" + list(d.GetPossibleLengthLocalOnly()) + ":" + d.GetNationalNumberPattern()
}

// TestValidAgreesWithTheLibrary asks both about numbers of every region and kind, as one writes them, and about neighbours of those.
func TestValidAgreesWithTheLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	yes, no := 0, 0
	agree := func(number, region string) {
		t.Helper()
		p, err := phonenumbers.Parse(number, region)
		want := err == nil && phonenumbers.IsValidNumber(p)
		if got := valid(number, region); got != want {
			t.Errorf("%q in %s: %v, the library says %v", number, region, got, want)
		}
		if want {
			yes++
		} else {
			no++
		}
	}
	ask := func(number, home string) {
		if strings.HasPrefix(number, "+") {
			agree(number, "ZZ")
		} else if strings.HasPrefix(number, "0") {
			agree(number, home)
		}
	}
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil {
				continue
			}
			for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL} {
				ask(phonenumbers.Format(n, format), region)
			}
			digits := phonenumbers.Format(n, phonenumbers.E164)[1:]
			for range 20 {
				other := []byte(digits)
				other[rnd.IntN(len(other))] = byte('0' + rnd.IntN(10))
				ask("+"+string(other), region)
				ask("+"+string(other[:len(other)-1]), region)
				ask("+"+string(other)+"1", region)
				ask("0"+string(other[2:]), region)
				ask("00"+string(other), region)
				ask("(0"+string(other[2:4])+") "+string(other[4:]), region)
			}
		}
	}
	for range 20000 {
		ask(fmt.Sprintf("+%d", rnd.Int64N(1e15)), "ZZ")
		ask(fmt.Sprintf("0%d", rnd.Int64N(1e11)), zeroed[rnd.IntN(len(zeroed))])
		ask(fmt.Sprintf("00%d-%d", rnd.Int64N(1e4), rnd.Int64N(1e8)), zeroed[rnd.IntN(len(zeroed))])
	}
	if yes < 10000 || no < 10000 {
		t.Fatalf("%d are numbers and %d are none: too few of either to tell", yes, no)
	}
}
