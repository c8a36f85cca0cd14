package analysis

import (
	"regexp"
	"strings"

	"github.com/contextd/contextd/internal/crm"
)

// Japanese, and what of it Chinese writes alike.
const (
	kanjiDigits = "〇一二三四五六七八九十百千万億兆"
	counters    = "つ個人件回年月日円社本枚割名台時分倍点週度階歳次ヶヵカか"
)

// eastTime: days, months and years with their figures, weekdays, and days by name.
var eastTime = regexp.MustCompile(`[0-9０-９〇一二三四五六七八九十][0-9０-９〇一二三四五六七八九十]*[年月日時]|[0-9]{1,2}[:：][0-9]{2}|[0-9]{1,4}[/.\-][0-9]{1,2}[/.\-][0-9]{1,4}|[月火水木金土日]曜|` +
	`昨日|今日|明日|昨夜|今朝|一昨日|明後日|先週|今週|来週|先月|今月|来月|去年|昨年|今年|来年|午前|午後|四半期|上半期|下半期|年度|月末|年末|週末|週間|昨天|明天|今天|上周|下周|上个月|下个月|어제|오늘|내일|지난주|다음 주`)

// eastName: an honorific behind a name, or a company's form.
var eastName = regexp.MustCompile(`[\p{Han}\p{Katakana}ーA-Za-z]{1,12}(?:さん|様|氏|君|先生|部長|課長|社長|様方)|株式会社|有限会社|\p{Katakana}[\p{Katakana}ー]*社|有限公司|先生|女士|씨`)

// notNames hold an honorific without being names.
var notNames = strings.NewReplacer("皆さん", "", "皆様", "", "お客様", "", "同様", "", "多様", "", "様々", "", "仕様", "", "模様", "", "当社", "", "弊社", "", "御社", "", "貴社", "", "会社の", "", "会社は", "", "会社が", "", "会社に", "")

// eastTraits finds the traits of a text without capitals and spaces.
func eastTraits(text string) crm.Traits {
	var t crm.Traits
	if strings.ContainsAny(text, "0123456789０１２３４５６７８９") || kanjiNumber(text) {
		t |= crm.HasNumber
	}
	if eastTime.MatchString(text) {
		t |= crm.HasTime
	}
	if eastName.MatchString(notNames.Replace(text)) {
		t |= crm.HasName
	}
	return t
}

// kanjiNumber: two numerals in a row, or one before a counter: 三つ, 十社. A lone numeral is mostly part of a word (一緒, 統一).
func kanjiNumber(text string) bool {
	numeral := false
	for _, r := range text {
		is := strings.ContainsRune(kanjiDigits, r)
		if numeral && (is || strings.ContainsRune(counters, r)) {
			return true
		}
		numeral = is
	}
	return false
}
