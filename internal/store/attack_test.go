package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/contextd/contextd/internal/crm"
)

const attackSeed = 20260101

// attacks are what somebody with the whole database can do to the audit. Each changes the first size entries, which a head outside vouches for, or takes some of them away.
var attacks = []struct {
	name   string
	inside bool // found by the database alone, without a head from outside
	attack func(*forger) error
}{
	{"edit", true, func(f *forger) error { return f.edit(f.any()) }},
	{"edit and hash anew", false, func(f *forger) error { return errorsOf(f.edit(f.any()), f.plant()) }},
	{"swap portals", true, func(f *forger) error { return f.do("UPDATE audit SET portal = portal + 1 WHERE seq = ?", f.any()) }},
	{"delete", true, func(f *forger) error { return f.delete(f.any()) }},
	{"delete and close the gap", true, func(f *forger) error { return f.close(f.any()) }},
	{"delete and hash anew", false, func(f *forger) error { return errorsOf(f.close(f.any()), f.plant()) }},
	{"insert", true, func(f *forger) error { return f.insert(f.any()) }},
	{"insert and hash anew", false, func(f *forger) error { return errorsOf(f.insert(f.any()), f.plant()) }},
	{"reorder", true, func(f *forger) error { return f.swap(f.two()) }},
	{"reorder with hashes", true, func(f *forger) error { a, b := f.two(); return f.renumber(a, b) }},
	{"reorder and hash anew", false, func(f *forger) error { a, b := f.two(); return errorsOf(f.renumber(a, b), f.plant()) }},
	{"cut the tail", false, func(f *forger) error { return f.cut(f.any()) }},
	{"cut and write other entries", false, func(f *forger) error { return errorsOf(f.cut(f.any()), f.fill()) }},
	{"change a hash", true, func(f *forger) error { return f.hash(f.any()) }},
	{"go back to an old signed head", false, func(f *forger) error {
		n := f.any() - 1
		return errorsOf(f.cut(n+1), f.do("DELETE FROM audit_checkpoints WHERE size > ?", n))
	}},
	{"empty it", false, func(f *forger) error { return f.cut(1) }},
}

// forger is somebody with write access to every table, the triggers out of the way.
type forger struct {
	*tx
	*rand.Rand
	size int64
}

func (f *forger) any() int64 { return f.Int64N(f.size) + 1 }

func (f *forger) two() (a, b int64) {
	for a == b {
		a, b = f.any(), f.any()
	}
	return a, b
}

func (f *forger) edit(seq int64) error {
	column := []string{"at", "action", "subject", "actors", "ids", "hashes"}[f.IntN(6)]
	value := any(`{"forged":"` + strconv.Itoa(f.Int()) + `"}`)
	if column == "at" {
		value = f.Int64N(1 << 50)
	}
	return f.do("UPDATE audit SET "+column+" = ? WHERE seq = ?", value, seq)
}

func (f *forger) delete(seq int64) error { return f.do("DELETE FROM audit WHERE seq = ?", seq) }

// close deletes an entry and moves up those behind it. Numbers pass through negative ones, because they are unique.
func (f *forger) close(seq int64) error {
	return errorsOf(f.delete(seq), f.do("UPDATE audit SET seq = -seq WHERE seq > ?", seq), f.do("UPDATE audit SET seq = -seq - 1 WHERE seq < 0"))
}

func (f *forger) insert(seq int64) error {
	return errorsOf(f.do("UPDATE audit SET seq = -seq WHERE seq >= ?", seq), f.do("UPDATE audit SET seq = -seq + 1 WHERE seq < 0"),
		f.do("INSERT INTO audit SELECT ?, at, portal, 'review.approve', subject, actors, ids, hashes, tree FROM audit WHERE seq = ?", seq, seq+1))
}

const besideHash = "at, portal, action, subject, actors, ids, hashes"

// swap exchanges what two entries say and leaves their hashes.
func (f *forger) swap(a, b int64) error {
	return errorsOf(f.do("INSERT INTO audit SELECT -1, "+besideHash+", tree FROM audit WHERE seq = ?", a), f.say(a, b), f.say(b, -1), f.delete(-1))
}

func (f *forger) say(to, from int64) error {
	return f.do("UPDATE audit SET ("+besideHash+") = (SELECT "+besideHash+" FROM audit WHERE seq = ?) WHERE seq = ?", from, to)
}

func (f *forger) renumber(a, b int64) error {
	return errorsOf(f.do("UPDATE audit SET seq = -1 WHERE seq = ?", a), f.do("UPDATE audit SET seq = ? WHERE seq = ?", a, b), f.do("UPDATE audit SET seq = ? WHERE seq = -1", b))
}

func (f *forger) cut(from int64) error { return f.do("DELETE FROM audit WHERE seq >= ?", from) }

// fill writes entries of the forger's own until there are more than before.
func (f *forger) fill() error {
	for range f.size + 5 {
		if err := f.audit(crm.AuditEntry{Action: "gate.apply", Portal: 1, Subject: "deals/" + strconv.Itoa(f.IntN(1000))}); err != nil {
			return err
		}
	}
	return nil
}

func (f *forger) hash(seq int64) error {
	var tree []byte
	if err := f.one("SELECT tree FROM audit WHERE seq = ?", []any{seq}, &tree); err != nil {
		return err
	}
	tree[f.IntN(len(tree))] ^= 1 << f.IntN(8)
	return f.do("UPDATE audit SET tree = ? WHERE seq = ?", tree, seq)
}

// plant makes a whole tree over whatever stands there now.
func (f *forger) plant() error {
	var rows []auditRow
	err := f.each("SELECT "+auditColumns+" FROM audit ORDER BY seq", nil, func(scan func(...any) error) error {
		var r auditRow
		err := r.scan(scan)
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return err
	}
	var e edge
	for _, r := range rows {
		line, err := r.line()
		if err != nil {
			return err
		}
		if err := f.do("UPDATE audit SET tree = ? WHERE seq = ?", packHashes(e.add(tlog.RecordHash(line))), r.seq); err != nil {
			return err
		}
	}
	return nil
}

var errForged = errors.New("forged and undone")

// Whoever can change everything in the database is found by the head that was kept elsewhere, always; and by the database alone unless the whole tree was made anew, which
// shows that the head outside is what finds the rest.
func TestAttacks(t *testing.T) {
	const n = 5000
	db := openFor(t, t.TempDir(), Options{})
	const size = 120
	fill := func(tx *tx) error {
		for i := range size {
			e := crm.AuditEntry{Action: "gate.review", Actors: []crm.Actor{crm.System("gate")}, Portal: crm.PortalID(i%3 + 1), Subject: fmt.Sprintf("deals/%d", i),
				IDs: map[string]string{"proposal": strconv.Itoa(i)}, Hashes: map[string]string{"prompt": sum([]byte{byte(i)})}}
			if err := tx.audit(e); err != nil {
				return err
			}
		}
		return nil
	}
	if err := db.w.write(t.Context(), fill); err != nil {
		t.Fatal(err)
	}
	outside, err := db.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tail := func(tx *tx) error { return tx.audit(crm.AuditEntry{Action: "later", Portal: 1}) }
	if err := errorsOf(db.w.write(t.Context(), tail), db.w.write(t.Context(), func(tx *tx) error { return tx.do("DROP TRIGGER audit_no_update") }),
		db.w.write(t.Context(), func(tx *tx) error { return tx.do("DROP TRIGGER audit_no_delete") })); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(attackSeed, 0))
	made, found, alone := map[string]int{}, map[string]int{}, map[string]int{}
	for i := range n {
		a := attacks[i%len(attacks)]
		err := db.w.write(t.Context(), func(tx *tx) error {
			f := &forger{tx: tx, Rand: random, size: size}
			if err := a.attack(f); err != nil {
				return err
			}
			made[a.name]++
			if _, err := tx.verifyAudit(nil); errors.Is(err, crm.ErrConflict) {
				alone[a.name]++
			} else if err != nil {
				return err
			}
			switch _, err := tx.verifyAudit([]AuditHead{outside}); {
			case errors.Is(err, crm.ErrConflict):
				found[a.name]++
			case err != nil:
				return err
			}
			return errForged
		})
		if !errors.Is(err, errForged) {
			t.Fatalf("%s: %v", a.name, err)
		}
	}
	if head, err := db.VerifyAudit(t.Context(), outside); err != nil || head.Size != size+1 {
		t.Fatalf("what was undone is still there: %v, %v", head, err)
	}
	for _, a := range attacks {
		if made[a.name] == 0 || found[a.name] != made[a.name] {
			t.Errorf("%s: %d of %d found", a.name, found[a.name], made[a.name])
		}
		if a.inside != (alone[a.name] == made[a.name]) || !a.inside && alone[a.name] != 0 {
			t.Errorf("%s: %d of %d found without a head from outside", a.name, alone[a.name], made[a.name])
		}
	}
	t.Logf(`{"attacks":%d,"kinds":%d,"found":%d,"found_without_head":%d,"seed":%d}`, n, len(attacks), total(found), total(alone), attackSeed)
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// The chain of an earlier program becomes a tree, entry for entry.
func TestUpgradeAudit(t *testing.T) {
	dir := t.TempDir()
	const entries = 2500 // more than a page
	before(t, dir, auditTreeSchema-1, func(exec func(string, ...any)) {
		for i := range entries {
			exec("INSERT INTO audit (seq, at, portal, action, subject, actors, ids, hashes, hash) VALUES (?, ?, 1, 'a', ?, '[\"system:x\"]', '{}', 'null', 'h')", i+1, i*1000, "deals/"+strconv.Itoa(i))
		}
	})
	db := openFor(t, dir, Options{})
	head, err := db.VerifyAudit(t.Context())
	if err != nil || head.Size != entries {
		t.Fatalf("%+v, %v", head, err)
	}
	var numbers []int64
	for first := int64(1); ; {
		last, err := db.AuditLines(t.Context(), 1, first, 1000, func(e crm.AuditEntry, _ []byte) error {
			if e.Subject != "deals/"+strconv.FormatInt(e.Seq-1, 10) || len(e.Actors) != 1 {
				t.Fatalf("%+v", e)
			}
			numbers = append(numbers, e.Seq)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if last == 0 {
			break
		}
		first = last + 1
	}
	if len(numbers) != entries || !slices.IsSorted(numbers) {
		t.Errorf("%d entries", len(numbers))
	}
	if err := db.w.write(t.Context(), func(tx *tx) error { return tx.do("DELETE FROM audit") }); err == nil {
		t.Error("the audit of an earlier program can be changed")
	}
}

// BenchmarkVerifyAudit makes a million entries and verifies them; the goal is 20 s.
func BenchmarkVerifyAudit(b *testing.B) {
	const entries, batch = 1_000_000, 20_000
	db, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for done := 0; done < entries; done += batch {
		err := db.w.write(b.Context(), func(tx *tx) error {
			for i := range batch {
				e := crm.AuditEntry{Action: "effect.verified", Actors: []crm.Actor{crm.System("applier")}, Portal: 1, Subject: "deals/" + strconv.Itoa(done+i),
					IDs: map[string]string{"effect": sum([]byte{byte(i)}), "proposal": "p"}, Hashes: map[string]string{"value": sum([]byte{byte(i)})}}
				if err := tx.audit(e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if head, err := db.VerifyAudit(b.Context()); err != nil || head.Size != entries {
			b.Fatal(head, err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
}
