package analysis

import "strings"

// functionWords are the frequent short words that tell languages apart and that mean nothing by themselves. Words that several languages share vote for all of them.
var functionWords = map[string][]string{
	"en": strings.Fields(`the and of to is in that it for you we with on this are be have not our your will was they would can i as at but or from if has had do does did
		an a by my me he she his her him them their us been were am what when where who which how why there here about just so up out get all any some no yes could should
		than then these those into after before over also more its don't i'm im it's i'll we'll let's please thanks thank hi hello hey regards whose while until because very
		much many well yeah yes good great sure know think like want going see go got let need other only each both such during between through against without may might must`),
	"de": strings.Fields(`der die das und ist nicht wir sie mit für auf ein eine den dem zu von im es ich bei auch noch wird sind haben kann aber oder als wie uns ihre werden
		des einen einem einer zum zur hat war nach über vor aus am um so nur schon wenn dass daß mir mich ihm ihr ihnen ihren unser unsere sich bitte danke vielen was wer
		wann wo warum welche welcher welches würde möchte hatte sehr mehr bis durch heute gerne hallo grüße grüßen herr frau geht gibt keine kein`),
	"fr": strings.Fields(`le la les et est de des un une pour que nous vous dans pas avec sur du au il ce qui je sont plus notre votre être avons par mais aux en ne se sa son ses
		cette ces leur leurs elle ils on ou où quand comment pourquoi quel quelle quels quelles quoi a été avez ont fait très bien merci bonjour cordialement y nos vos même aussi
		si comme sans chez c'est d'une d'un qu'il j'ai n'est est-ce`),
	"es": strings.Fields(`el la los las y es de que en un una por con para no se del al nos su lo como más pero está hay le sus muy esta tenemos este esto qué cuándo cuál dónde
		quién cómo cuánto ha han fue son ser me mi te ya si sí o ni también porque cuando desde hasta sobre entre todo todos gracias hola saludos usted ustedes nuestro nuestra
		estamos hemos puede ver dijo cuáles cuántos`),
	"it": strings.Fields(`il la di e che è un una per non con del della le si sono da nel ci in i gli al alla come più anche questo abbiamo ma lo dei delle dal dalla nella sul
		sulla questa questi quando dove chi cosa perché quale quali quanto ha hanno ho stato essere mi ti se o molto grazie buongiorno ciao saluti noi voi loro nostro vostro
		nostra vostra l'offerta dell c'è po' già ancora`),
	"pt": strings.Fields(`o a os as de que e é um uma para não com do da em se no na por mais mas nos como está seu você ao são temos foi dos das pelo pela isso este esta esse
		essa quando onde quem qual quais quanto também já muito obrigado obrigada olá me eu ele ela eles nós nosso nossa sua seus suas tem têm ser ter à às ou até sobre porque`),
	"nl": strings.Fields(`de het een en van is dat niet wij we met voor op te in zijn er aan ook nog maar hebben kan jullie u om bij naar wordt deze ik dit die als heeft had was
		waren of door over uit tot je jij hij zij ze hun haar mijn ons onze uw wat wanneer waar wie welke hoe waarom geen wel al dan zou moet graag bedankt dank hallo groeten
		groet worden zal`),
	"sv": strings.Fields(`och att det i en ett är som på av för med inte till den har vi de om jag var ni sig från men så kan när hur vad vem vilka vilken varför eller ska skulle
		också efter mycket nu hade vid mot din er vår vårt våra ert era hej tack hälsningar då bara finns här där han hon dem oss mig blir blev under`),
	"da": strings.Fields(`og at det i en et er som på af for med ikke til den har vi de om jeg var sig fra men så kan når hvordan hvad hvem hvilke hvilken hvorfor eller skal
		skulle også efter meget nu havde ved mod din jer vores hej tak hilsen bare her der han hun dem os mig bliver blev under kunne noget nogle være hvor mere jeres ud`),
	"no": strings.Fields(`og at det i en et er som på av for med ikke til den har vi de om jeg var seg fra men så kan når hvordan hva hvem hvilke hvilken hvorfor eller skal
		skulle også etter mye nå hadde ved mot din dere vår vårt våre hei takk hilsen bare her der han hun dem oss meg blir ble under kunne noe noen være hvor mer deres ut`),
	"fi": strings.Fields(`ja on ei se että oli hän mutta ovat joka kun niin myös tai mitä missä kuka milloin miksi miten mikä jos vain sen tämä olen olemme ole me te he voi
		voimme meidän teidän kanssa jo sitä kuin nyt vielä hei kiitos terveisin siitä tästä ollut olisi mukaan sekä kaikki`),
	"pl": strings.Fields(`i w nie na z do się jest to że o jak po za ale od czy dla są przez już tylko być może oraz który które pan pani mamy co kiedy gdzie kto dlaczego jaki
		jakie jaka ile był była było będzie tym tego ten ta te jej jego ich nas was nam wam dziękuję proszę dzień dobry pozdrawiam także więc bardzo która`),
}

// latin are the languages that are told apart by their words, in the order of their votes.
var latin = []string{"en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "pl"}

// letterCues are letters that few of these languages write.
var letterCues = map[rune][]string{
	'ß': {"de"}, 'ü': {"de"}, 'ö': {"de", "sv", "fi"}, 'ä': {"de", "sv", "fi"}, 'å': {"sv", "da", "no"}, 'ø': {"da", "no"}, 'æ': {"da", "no"},
	'ñ': {"es"}, '¿': {"es"}, '¡': {"es"}, 'ã': {"pt"}, 'õ': {"pt"}, 'ç': {"fr", "pt"}, 'é': {"fr", "es", "pt"}, 'è': {"fr", "it"}, 'ê': {"fr", "pt"}, 'à': {"fr", "it"},
	'ù': {"fr", "it"}, 'ì': {"it"}, 'ò': {"it"}, 'œ': {"fr"}, 'û': {"fr"}, 'î': {"fr"}, 'ë': {"fr", "nl"}, 'ó': {"es", "pt", "pl"}, 'í': {"es", "pt"}, 'ú': {"es", "pt"}, 'á': {"es", "pt"},
	'ł': {"pl"}, 'ś': {"pl"}, 'ż': {"pl"}, 'ź': {"pl"}, 'ć': {"pl"}, 'ę': {"pl"}, 'ą': {"pl"}, 'ń': {"pl"},
}

// wordEnds are endings of longer words that decide where function words are few: headings, subjects, short questions.
var wordEnds = map[string][]string{
	"ung": {"de"}, "ungen": {"de"}, "keit": {"de"}, "heit": {"de"}, "lich": {"de"}, "isch": {"de"}, "schaft": {"de"}, "ierung": {"de"},
	"ing": {"en"}, "ness": {"en"}, "ship": {"en"}, "tions": {"en", "fr"}, "tion": {"en", "fr"}, "ally": {"en"}, "ould": {"en"}, "ated": {"en"},
	"ment": {"en", "fr"}, "eux": {"fr"}, "euse": {"fr"}, "ons": {"fr"}, "ait": {"fr"}, "ique": {"fr"}, "elle": {"fr"},
	"ción": {"es"}, "ciones": {"es"}, "miento": {"es"}, "idad": {"es"}, "amos": {"es", "pt"}, "ando": {"es", "pt", "it"}, "iendo": {"es"},
	"ção": {"pt"}, "ções": {"pt"}, "dade": {"pt"}, "mento": {"pt", "it"}, "zione": {"it"}, "zioni": {"it"}, "iamo": {"it"},
	"heid": {"nl"}, "lijk": {"nl"}, "tie": {"nl"}, "aar": {"nl"}, "ningen": {"sv", "no", "da"}, "ning": {"sv", "no", "da"}, "arna": {"sv"}, "erna": {"sv"}, "erne": {"da", "no"},
	"ssa": {"fi"}, "ssä": {"fi"}, "sta": {"fi"}, "nen": {"fi"}, "ości": {"pl"}, "nia": {"pl"}, "ania": {"pl"}, "emy": {"pl"}, "amy": {"pl"},
}
