package crm

import "math"

// OpenAmount is what the open deals among these stand for together, in the portal's currency.
func OpenAmount(deals []Record) (sum float64) {
	for _, r := range deals {
		if d := dealOf(r); !d.closed {
			sum += d.amount
		}
	}
	return sum
}

// LookWorth is the expected value of a person's look at pending changes, which orders the queue: per change the chance that a right value is gained, which nobody writes
// otherwise, and what the answer teaches, which is most where right and wrong are equally likely. Several changes of one suggestion are read together, so their sum counts by the
// root of their number. stake, what the account's open deals stand for, raises it by its order of magnitude. 0 when nothing is pending; never NaN.
func LookWorth(changes []Change, stake float64) float64 {
	sum, n := 0.0, 0
	for _, c := range changes {
		if c.State != Pending {
			continue
		}
		p := min(max(c.Confidence, 0), 1)
		if math.IsNaN(p) {
			p = 0
		}
		sum, n = sum+p+4*p*(1-p), n+1
	}
	if n == 0 {
		return 0
	}
	return sum / math.Sqrt(float64(n)) * (1 + math.Log10(1+max(stake, 0)/1000))
}
