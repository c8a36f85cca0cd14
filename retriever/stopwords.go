package retriever

import "strings"

// stopWords are question and function words of the languages we meet most. They carry no meaning in a question; in a document they might, so only queries lose them.
var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`
		a about after all many much more an and any are as at be been before being but by can could did do does for from had has have he her his how i if in into is it its me my no not
		of on or our she should so than that the their them then there they this to us was we were what when where which who whom whose why will with would you your
		say said says tell told discuss discussed mention mentioned
		aber als am an auch auf aus bei bin bis das dass dem den der des die dies ein eine einem einen einer es fur hat haben hatte ich ihr im in ist ja kann mit nach
		nicht noch nur oder sein sich sie sind so um und uns von vor war was wann warum welche welcher wenn wer werden wie wir wird wo zu zum zur uber
		au aux avec ce ces cette dans de des du elle en est et il ils je la le les leur leurs lui mais ne nos notre nous on ou par pas pour qu que quel quelle quels quelles
		qui quand comment combien sa se ses son sont sur un une vous votre y d l s n c j
		al como con cual cuando cuanto cuantos de del donde el ella ellos en era es esta este fue ha han hay la las lo los mas no nos o para pero por que quien se ser si
		sin sobre su sus un una uno y ya`) {
		m[w] = true
	}
	return m
}()
