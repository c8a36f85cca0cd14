package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contextd/contextd/internal/crm"
)

// eastTimes are days, weeks and seasons by name, in Japanese, Chinese and Korean.
var eastTimes = strings.Fields(`昨日 今日 明日 昨夜 今朝 明後日 先週 今週 来週 先月 今月 来月 去年 昨年 今年 来年 午前 午後 四半期 上半期 下半期 年度 月末 年末 週末 曜日 昨天 明天 今天 上周 下周
	上个月 下个月 星期 어제 오늘 내일 지난주 다음주 요일`)

// eastNames follow a name, or are a company's form; notNames hold one without a name.
var (
	eastNames = strings.Fields("さん 様 氏 先生 部長 課長 社長 株式会社 有限会社 有限公司 女士 씨")
	notNames  = strings.Fields("皆さん 皆様 お客様 同様 多様 様々 様子 仕様 模様 王様 奥様 摂氏")
)

// eastTraits finds the traits of a text without capitals and spaces.
func eastTraits(text string) crm.Traits {
	t := eastFigures(text)
	if t&crm.HasTime == 0 && containsAny(text, eastTimes) {
		t |= crm.HasTime
	}
	if eastName(text) {
		t |= crm.HasName
	}
	return t
}

func containsAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// eastFigures: digits are a number, with 年, 月, 日, 時 or a colon a time as well. Of kanji numerals it takes two in a row, or one before a counter (三つ, 十社): a lone
// one is mostly part of a word (一緒, 統一).
func eastFigures(text string) (t crm.Traits) {
	before, digit := false, false // the rune before was a kanji numeral, a digit
	for _, r := range text {
		isDigit := (r >= '0' && r <= '9') || (r >= '０' && r <= '９')
		isKanji := r >= 0x3007 && strings.ContainsRune("〇一二三四五六七八九十百千万億兆", r)
		if isDigit || (before && (isKanji || strings.ContainsRune("つ個人件回年月日円社本枚割名台時分倍点週度階歳次ヶヵカか", r))) {
			t |= crm.HasNumber
		}
		if (digit || before) && strings.ContainsRune("年月日時", r) || digit && (r == ':' || r == '：') {
			t |= crm.HasTime
		}
		before, digit = isKanji, isDigit
	}
	return t
}

// eastName: an honorific behind a name in kanji, katakana or Latin letters, or a company's form.
func eastName(text string) bool {
	for _, mark := range eastNames {
		for from := 0; ; {
			i := strings.Index(text[from:], mark)
			if i < 0 {
				break
			}
			at := from + i
			from = at + len(mark)
			if strings.HasSuffix(mark, "会社") || strings.HasSuffix(mark, "公司") {
				return true
			}
			before, _ := utf8.DecodeLastRuneInString(text[:at])
			if at > 0 && unicode.IsLetter(before) && !hiragana(before) && !partOf(text, at, from) {
				return true
			}
		}
	}
	return false
}

// partOf reports whether text[start:end] lies inside one of notNames.
func partOf(text string, start, end int) bool {
	for _, w := range notNames {
		from := max(0, start-len(w)+1)
		if strings.Contains(text[from:min(len(text), end+len(w)-1)], w) {
			return true
		}
	}
	return false
}
