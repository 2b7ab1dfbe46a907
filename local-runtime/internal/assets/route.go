package assets

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

type route int

const (
	unrouted route = iota
	toWorker
	toAssets
)

// Limits of run_worker_first.
const (
	maxRoutes      = 100
	maxRouteLength = 100
)

// routed is what run_worker_first says of a path; exceptions come first.
func routed(rules []string, path string) route {
	is := unrouted
	for _, rule := range rules {
		pattern, except := strings.CutPrefix(rule, "!")
		if !matchGlob(pattern, path) {
			continue
		}
		if except {
			return toAssets
		}
		is = toWorker
	}
	return is
}

// matchGlob reports whether p is the pattern, in which each * stands for any text.
func matchGlob(pattern, p string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == p
	}
	rest, ok := strings.CutPrefix(p, before)
	if !ok {
		return false
	}
	for i := 0; i <= len(rest); i++ {
		if matchGlob(after, rest[i:]) {
			return true
		}
	}
	return false
}

// checkRoutes refuses the rules of run_worker_first that wrangler refuses, in its words.
func checkRoutes(rules []string) error {
	if len(rules) > maxRoutes {
		return fmt.Errorf("Too many `run_worker_first` rules were provided; %d rules provided exceeds max of %d.", len(rules), maxRoutes)
	}
	var wrong, first, except []string
	for _, rule := range rules {
		switch {
		case strings.HasPrefix(rule, "!/"):
			except = append(except, rule)
		case strings.HasPrefix(rule, "/"):
			first = append(first, rule)
		case strings.HasPrefix(rule, "!"):
			wrong = append(wrong, fmt.Sprintf("'%s': negative rules must start with '!/'", rule))
		default:
			wrong = append(wrong, fmt.Sprintf("'%s': rules must start with '/' or '!/'", rule))
		}
	}
	if len(except) > 0 && len(first) == 0 {
		return errors.New("Only negative `run_worker_first` rules were provided; must provide at least 1 non-negative rule")
	}
	wrong = append(append(wrong, redundant(first)...), redundant(except)...)
	if len(wrong) > 0 {
		return errors.New("Invalid routes in `run_worker_first`:\n" + strings.Join(wrong, "\n"))
	}
	return nil
}

// redundant lists what is wrong with rules of one kind.
func redundant(rules []string) (wrong []string) {
	for i, rule := range rules {
		if len(rule) > maxRouteLength {
			wrong = append(wrong, fmt.Sprintf("'%s': all rules must be less than %d characters in length", rule, maxRouteLength))
		}
		if slices.Contains(rules[:i], rule) {
			wrong = append(wrong, fmt.Sprintf("'%s': rule is a duplicate; rules must be unique", rule))
		}
		start, star := strings.CutSuffix(rule, "*")
		for _, other := range rules {
			if star && other != rule && strings.HasPrefix(other, start) {
				wrong = append(wrong, fmt.Sprintf("'%s': rule '%s' makes it redundant", other, rule))
			}
		}
	}
	return wrong
}
