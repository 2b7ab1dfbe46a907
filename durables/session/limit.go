package session

import (
	"strings"
	"time"
)

// limit says how fast attempts may follow one another: a number of them are free, after that each doubles the delay
// before the next, up to a ceiling. There is no lock beyond the ceiling, so nobody can be locked out for good, and what
// a stranger does under one name is forgotten when the name has been quiet.
type limit struct {
	free    int           // attempts without any delay
	base    time.Duration // the first delay
	ceiling time.Duration // the longest delay
	quiet   time.Duration // with no attempt for so long, all is forgotten
	refund  bool          // a success takes back one attempt, rather than all of them
}

// limitFor chooses by the object's name: "limit:ip:…" and "limit:email:…" count attempts before anybody's identity is
// known, "limit:site:…" those of a user to start a site, everything else those of a known user.
func limitFor(name string) limit {
	switch {
	case strings.HasPrefix(name, limitPrefix+"ip:"):
		// Many people share a prefix, and one good account must not clear it for a guesser.
		return limit{free: 30, base: 2 * time.Second, ceiling: 5 * time.Minute, quiet: 15 * time.Minute, refund: true}
	case strings.HasPrefix(name, limitPrefix):
		return limit{free: 5, base: 2 * time.Second, ceiling: time.Minute, quiet: 15 * time.Minute}
	default:
		return limit{free: 5, base: 30 * time.Second, ceiling: 15 * time.Minute, quiet: time.Hour}
	}
}

// attempts is what is remembered of the attempts under one name. The zero value is none.
type attempts struct {
	count     int
	lockUntil time.Time
	last      time.Time
}

// record counts an attempt at now and says whether it may go on. One that comes during a delay is refused and not
// counted: repeating it must not make the delay of somebody else longer.
func (l limit) record(a attempts, now time.Time, success bool) (attempts, bool) {
	if now.Sub(a.last) >= l.quiet {
		a = attempts{}
	}
	if now.Before(a.lockUntil) {
		return a, false
	}
	a.lockUntil = time.Time{}
	switch {
	case !success:
		a.count++
		a.last = now
		if delay := l.delay(a.count); delay > 0 {
			a.lockUntil = now.Add(delay)
		}
	case l.refund:
		a.count = max(0, a.count-1)
	default:
		a = attempts{}
	}
	return a, true
}

// delay is how long to wait after so many attempts.
func (l limit) delay(count int) time.Duration {
	over := count - l.free
	if over <= 0 {
		return 0
	}
	delay := l.base
	for range over - 1 {
		if delay *= 2; delay >= l.ceiling {
			return l.ceiling
		}
	}
	return min(delay, l.ceiling)
}

// forgetAt is when nothing need be remembered any more.
func (l limit) forgetAt(a attempts) time.Time { return a.last.Add(l.quiet) }
