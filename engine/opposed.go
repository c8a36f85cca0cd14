package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// oppositeWords are pairs of words of which one says the reverse of the other, in the forms in which they are written.
var oppositeWords = pairsOf(
	"rise rises rose risen rising grow grows grew grown growing increase increases increased increasing climb climbs climbed improve improves improved | fall falls fell fallen falling drop drops dropped dropping decrease decreases decreased decreasing shrink shrinks shrank shrunk decline declines worsen worsens worsened",
	"up | down", "before | after", "earlier sooner | later", "early | late", "first | last", "with | without", "for | against",
	"start starts started starting begin begins began begun | end ends ended ending expire expires expired finish finishes finished stop stops stopped", "join joins joined hired hires hire | leave leaves left quit quits fired",
	"cheap cheaper cheapest | dear dearer dearest expensive costlier", "over above more longer higher bigger larger greater | under below less fewer shorter lower smaller", "faster quicker fast quick | slower slow", "big large | small", "many much | few little", "most | least", "maximum | minimum", "long | short",
	"open opens opened opening | close closes closed closing shut shuts", "win wins won winning | lose loses lost losing", "found find finds | missing lost loses", "full | empty", "new newer | old older former", "high | low", "inside within | outside", "on | off", "import | export",
	"happy satisfied pleased content | unhappy dissatisfied displeased", "like likes liked love loves loved enjoy enjoys prefer prefers | dislike dislikes disliked hate hates hated", "trust trusts trusted | distrust distrusts mistrust mistrusts",
	"approve approves approved accept accepts accepted agree agrees agreed | reject rejects rejected refuse refuses refused decline declined", "wrong incorrect false | right correct true", "buy buys bought purchase purchased | sell sells sold", "always | never", "everybody everyone all | nobody none", "lend lends lent | borrow borrows borrowed",
	"best | worst", "better | worse", "good well | bad badly poor poorly", "strong stronger | weak weaker", "easy easier simple | hard harder difficult", "possible | impossible", "keep keeps kept | drop drops dropped", "want wants wanted | refuse refuses refused", "has have had | lack lacks lacked", "add adds added | remove removes removed", "arrive arrives arrived arriving | depart departs departed",
	"send sends sent | receive receives received", "active | inactive", "public | private", "safe | unsafe dangerous", "optional voluntary | mandatory compulsory required", "allow allows allowed permit permits permitted | forbid forbids forbidden ban bans banned prohibited", "succeed succeeds succeeded passed | fail fails failed", "signed | unsigned", "paid | unpaid", "known | unknown", "clear | unclear",
	"steigt steigen stieg gestiegen wächst wachsen wuchs gewachsen erhöht zugenommen | sinkt sinken sank gesunken fällt fallen fiel gefallen schrumpft geschrumpft gesenkt abgenommen", "vor | nach", "früher früh | später spät", "bis | ab seit", "mit | ohne", "für | gegen", "über mehr länger höher größer | unter weniger kürzer niedriger kleiner",
	"will wollen möchte möchten | verweigert verweigern lehnt lehnen", "veut veulent voudrait | refuse refusent", "quiere quieren | rechaza rechazan", "tiene tienen | carece carecen", "beginnt beginnen begann startet starten anfangen anfängt angefangen begonnen | endet enden endete ausläuft abläuft aufhören aufhört läuft-aus geendet gekündigt", "teurer teuer | billiger günstiger billig günstig", "größte größter größten | kleinste kleinster kleinsten", "schneller schnell | langsamer langsam", "viel viele | wenig wenige", "zugestimmt dafür | dagegen", "meisten | wenigsten",
	"geöffnet eröffnet offen öffnet eröffnen öffnen | geschlossen schließt schließen zu", "gewonnen gewinnt gewinnen | verloren verliert verlieren", "zufrieden | unzufrieden", "falsch | richtig", "gut | schlecht", "besser | schlechter", "leicht einfach | schwer schwierig", "möglich | unmöglich", "mag mögen liebt lieben | hasst hassen", "vertraut vertrauen | misstraut misstrauen",
	"lobt loben gelobt | tadelt tadeln kritisiert bemängelt", "zugestimmt zustimmt zustimmen angenommen genehmigt freigegeben zugesagt akzeptiert | abgelehnt ablehnt ablehnen widersprochen gesperrt verweigert abgesagt", "pflicht verpflichtend | freiwillig", "sparen spart gespart | verlieren verliert verloren verschwenden", "voll | leer", "aktiv | inaktiv", "öffentlich | privat", "klar | unklar", "bekannt | unbekannt",
	"immer | nie niemals", "neue neuen neuer neues neu | alte alten alter altes alt", "kaufen kauft gekauft kaufte | verkaufen verkauft verkaufte", "innerhalb | außerhalb", "drinnen drin | draußen", "gefunden findet | verloren fehlt fehlen vermisst", "hoch hohe hohen | niedrig niedrige niedrigen", "lang lange langen | kurz kurze kurzen", "erlaubt erlauben | verboten verbietet", "ankommen ankommt angekommen | abfahren abfährt", "maximal höchstens | minimal mindestens", "alle | niemand", "bleibt bleiben geblieben | geht-weg verlassen verlässt kündigt", "eingestellt | entlassen",
	"augmente augmentent augmenté monte montent monté croît hausse progresse | baisse baissent baissé diminue diminuent diminué chute recule", "plus | moins", "avant | après", "tôt | tard", "avance | retard", "avec | sans", "pour | contre", "commence commencent commencé démarre démarrent débute débutent | finit finissent fini termine terminent terminé s'arrête expire",
	"ouvre ouvrent ouvert ouverte ouverts ouvertes | ferme ferment fermé fermée fermés fermées", "accepte acceptent accepté acceptée approuve approuvé | refuse refusent refusé refusée rejette rejeté", "facile faciles simple simples | difficile difficiles compliqué compliquée", "bien bon bonne | mal mauvais mauvaise", "mieux meilleur meilleure | pire", "vend vendent vendu | achète achètent acheté",
	"nouveau nouvelle nouveaux nouvelles | ancien ancienne anciens anciennes vieux vieille", "quitte quitté quittent | rejoint rejoignent", "gagne gagné gagnent | perd perdu perdent", "content contente contents satisfait satisfaite satisfaits | mécontent mécontente insatisfait insatisfaite", "cher chère chers | bon-marché", "toujours | jamais", "haut haute hauts | bas basse", "rapide rapides vite | lent lente lents lentement", "grand grande grands | petit petite petits", "possible | impossible",
	"aime aiment adore adorent aimerait aimerions aimeraient | déteste détestent détesterait", "tous toutes | aucun aucune", "plein | vide", "long longue | court courte", "premier première | dernier dernière", "vrai | faux", "connu | inconnu", "permet permis autorise autorisé | interdit interdite", "obligatoire | facultatif", "ajoute ajouté | retire retiré supprime supprimé", "envoie envoyé | reçoit reçu",
	"sube suben subió subido aumenta aumentan aumentó aumentado crece crecen creció | baja bajan bajó bajado disminuye disminuyó cae cayó reduce redujo", "más | menos", "antes | después", "temprano pronto | tarde", "con | sin", "empieza empiezan empezó empezado comienza comenzó arranca | termina terminan terminó terminado acaba acabó vence", "hasta | desde", "alto alta altos altas | bajo baja bajos bajas", "mayor | menor",
	"acepta aceptan aceptó aceptado aceptada aprueba aprueban aprobó aprobado aprobada | rechaza rechazan rechazó rechazado rechazada deniega", "abierto abierta abiertos abre abren abrió | cerrado cerrada cerrados cierra cierran cerró", "contento contenta contentos contentas satisfecho satisfecha satisfechos | descontento descontenta descontentos insatisfecho insatisfechos", "compra compran compró comprado | vende venden vendió vendido",
	"perdió perdido pierde pierden | encontró encontrado encuentra ganó ganado gana ganan", "nuevo nueva nuevos nuevas | viejo vieja viejos viejas antiguo antigua", "fácil fáciles | difícil difíciles", "bien bueno buena | mal malo mala", "mejor mejores | peor peores", "siempre | nunca jamás", "caro cara caros | barato barata baratos", "rápido rápida | lento lenta", "grande grandes | pequeño pequeña pequeños", "posible | imposible",
	"gusta gustan | odia odian", "todos todas | ninguno ninguna nadie", "lleno llena | vacío vacía", "largo larga | corto corta", "primero primera primer | último última", "verdadero | falso", "conocido | desconocido", "permite permitido | prohíbe prohibido", "obligatorio | opcional voluntario", "añade añadió | quita quitó", "manda mandó envía envió | recibe recibió", "encima | debajo", "dentro | fuera", "entra entran entró | sale salen salió")

func pairsOf(lines ...string) (out [][2]map[string]bool) {
	for _, l := range lines {
		a, b, _ := strings.Cut(l, "|")
		out = append(out, [2]map[string]bool{wordSet(a), wordSet(b)})
	}
	return out
}

// pairsByWord gives for a word its pairs of opposites, its own side first.
var pairsByWord = sync.OnceValue(func() map[string][][2]map[string]bool {
	out := map[string][][2]map[string]bool{}
	for _, pair := range oppositeWords {
		for side := range pair {
			for w := range pair[side] {
				if !pair[1-side][w] {
					out[w] = append(out[w], [2]map[string]bool{pair[side], pair[1-side]})
				}
			}
		}
	}
	return out
})

// placeMargin is how much better an opposite must fit its place than the word itself, where the quotes have both.
const placeMargin = 0.5

// opposed finds a word of the statement whose opposite the quotes have at its place, where both clauses deny or neither does.
func (s said) opposed() string {
	for i, t := range s.tokens {
		if t.kind != wordToken || partOf(s.tokens, i, noDenials) {
			continue
		}
		for _, pair := range pairsByWord()[t.lower] {
			if other := s.opposite(i, pair[0], pair[1]); other != "" {
				return fmt.Sprintf("the quotes say %q, not %q", other, t.lower)
			}
		}
	}
	return cmp.Or(s.reversed(lex(s.text)), s.against(), s.onlyChanged())
}

// opposite is a word of theirs that the quotes have where the statement has token i, one of mine; "" where mine fits there as well.
func (s said) opposite(i int, mine, theirs map[string]bool) string {
	at := place(s.tokens, i, i+1)
	denied := denies(clauseAround(s.tokens, i))
	own, other, word := 0.0, 0.0, ""
	for _, q := range s.voices {
		for j, t := range q.tokens {
			if t.kind != wordToken || !mine[t.lower] && !theirs[t.lower] || partOf(q.tokens, j, noDenials) {
				continue
			}
			fit := at.fits(place(q.tokens, j, j+1), nil) + 1
			same := mine[t.lower] == (denies(clauseAround(q.tokens, j)) == denied)
			switch {
			case same:
				own = max(own, fit)
			case theirs[t.lower] && fit > other:
				other, word = fit, t.lower
			}
		}
	}
	if word == "" || own > 0 && other < own+placeMargin {
		return ""
	}
	return word
}

// clauseAround is the clause of token i.
func clauseAround(tokens []token, i int) []token {
	from, to := i, i+1
	for from > 0 && !endsClause(tokens, from-1, -1) && !conjunctions[tokens[from-1].lower] {
		from--
	}
	for to < len(tokens) && !endsClause(tokens, to, 1) && !conjunctions[tokens[to].lower] {
		to++
	}
	return tokens[from:to]
}

// against: the statement itself says that something falls from a number to a greater one, or rises to a smaller one.
func (s said) against() string {
	a, b, ok := fromTo(s.tokens)
	if !ok || a == b {
		return ""
	}
	rising, falling := false, false
	for _, i := range risingPairs {
		rising = rising || firstOf(s.tokens, oppositeWords[i][0]) != ""
		falling = falling || firstOf(s.tokens, oppositeWords[i][1]) != ""
	}
	if rising && !falling && a > b || falling && !rising && a < b {
		return fmt.Sprintf("from %g to %g is the other direction", a, b)
	}
	return ""
}

// risingPairs are the pairs of rising and falling among the opposites.
var risingPairs = pairsWith("rises", "steigt", "augmente", "sube")

func pairsWith(words ...string) (out []int) {
	for i, pair := range oppositeWords {
		if slices.ContainsFunc(words, func(w string) bool { return pair[0][w] && len(pair[0]) > 3 }) {
			out = append(out, i)
		}
	}
	return out
}

var onlyWords = wordSet("only just nur lediglich seulement solo sólo solamente únicamente")

// onlyChanged: "not only" where the quotes say "only", or the other way round.
func (s said) onlyChanged() string {
	only, notOnly := onlys(s.tokens)
	var theirs, theirsNot bool
	for _, q := range s.voices {
		a, b := onlys(q.tokens)
		theirs, theirsNot = theirs || a, theirsNot || b
	}
	if notOnly && !only && theirs && !theirsNot || only && !notOnly && theirsNot && !theirs {
		return "the quotes and the statement differ in “only”"
	}
	return ""
}

func onlys(tokens []token) (only, notOnly bool) {
	for i, t := range tokens {
		if onlyWords[t.lower] {
			denied := i > 0 && negation(tokens[i-1])
			only, notOnly = only || !denied, notOnly || denied
		}
	}
	return only, notOnly
}

// firstOf is the first word of a text that stands in a set and is no part of a phrase that means something else ("no more than").
func firstOf(tokens []token, words map[string]bool) string {
	for i, t := range tokens {
		if t.kind == wordToken && words[t.lower] && !partOf(tokens, i, noDenials) {
			return t.lower
		}
	}
	return ""
}

var (
	fromWords = wordSet("from von de desde")
	toWords   = wordSet("to auf à a")
)

// reversed: the statement goes from one number to another, and its quotes from the other to the one.
func (s said) reversed(quotes []token) string {
	a, b, ok := fromTo(s.tokens)
	x, y, also := fromTo(quotes)
	if ok && also && a != b && a == y && b == x {
		return fmt.Sprintf("the quotes go from %g to %g", x, y)
	}
	return ""
}

// fromTo reads "from 90 a month to 150".
func fromTo(tokens []token) (from, to float64, ok bool) {
	for i, t := range tokens {
		if !fromWords[t.lower] {
			continue
		}
		a, at := numberNear(tokens, i+1, 3)
		if at < 0 {
			continue
		}
		for j := at + 1; j < min(len(tokens), at+6); j++ {
			if !toWords[tokens[j].lower] {
				continue
			}
			if b, end := numberNear(tokens, j+1, 2); end >= 0 {
				return a, b, true
			}
		}
	}
	return 0, 0, false
}

// numberNear is the first number in digits among the next few tokens.
func numberNear(tokens []token, i, reach int) (float64, int) {
	for j := i; j < min(len(tokens), i+reach); j++ {
		if tokens[j].kind == numberToken {
			if v, ok := parseNumber(tokens[j].text); ok {
				return v, j
			}
		}
	}
	return 0, -1
}

// flatDenials are words that deny by themselves, as strongly as a "not".
var flatDenials = wordSet(`refuse refuses refused refusing reject rejects rejected decline declines declined lack lacks lacked dislike dislikes disliked hate hates hated unable deny denies denied oppose opposes opposed ignores
	verweigert verweigern lehnt ablehnt ablehnen abgelehnt unmöglich keinesfalls keineswegs verzichtet verzichten fehlt fehlen mangelt unzufrieden bestreitet
	refuse refusent refusé rejette manque manquent impossible rechaza rechazan rechazado falta faltan niega imposible`)

// flatlyDenied: the statement holds such a word and its quotes nothing at all that could be meant by it.
func (s said) flatlyDenied() string {
	quotes := lex(s.text)
	if negated(quotes) || holdsAny(quotes, denialWords) || holdsAny(quotes, flatDenials) || holdsAny(quotes, limitWords) || negativeSense(quotes) {
		return ""
	}
	if word := firstOf(s.tokens, flatDenials); word != "" {
		return fmt.Sprintf("the quotes hold nothing that %q could be meant by", word)
	}
	return ""
}

// negativeSense: words of complaint and of loss, which a statement may sum up by a denial.
func negativeSense(tokens []token) bool {
	return holdsAny(tokens, wordSet(`wrong bad poor worse worst too expensive broken lost loses down late if unhappy worried problem problems issue issues complaint complain terrible
		falsch schlecht zu teuer kaputt verloren schade leider problem probleme beschwerde falls wenn würde hätte wäre
		mauvais cher trop perdu problème malo caro demasiado perdido problema`))
}
