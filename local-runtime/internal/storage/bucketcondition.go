package storage

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
)

// textLength is the size of custom metadata as R2 counts it: bytes of Latin-1, or of UTF-16 where that does not do.
func textLength(v abi.Value) (n int) {
	o, _ := v.(abi.Object)
	for _, f := range o {
		for _, text := range []string{f.Name, fmt.Sprint(f.Value)} {
			units, wide := 0, false
			for _, r := range text {
				units++
				if r > 0xffff {
					units++
				}
				wide = wide || r > 0xff
			}
			if wide {
				units *= 2
			}
			n += units
		}
	}
	return n
}

// Conditions are what must hold of an object, as R2 understands HTTP's conditions. A nil pointer is none.
type Conditions struct {
	matches, differs []etag // nil: no condition
	before, after    *abi.Date
	seconds          bool // compare whole seconds
}

// etag is an ETag of a condition.
type etag struct {
	value     string
	weak, any bool
}

// ConditionsOf reads conditions in their JavaScript form: an object, or headers as a list of pairs.
func ConditionsOf(v abi.Value) (*Conditions, error) {
	switch v := v.(type) {
	case abi.Object:
		return conditionsOfFields(v)
	case abi.Array:
		return conditionsOfHeaders(headersOf(v))
	}
	return nil, nil
}

// headersOf reads headers that are a list of pairs.
func headersOf(pairs abi.Array) http.Header {
	h := http.Header{}
	for _, p := range pairs {
		if pair, ok := p.(abi.Array); ok && len(pair) == 2 {
			name, _ := pair[0].(string)
			value, _ := pair[1].(string)
			h.Add(name, value)
		}
	}
	return h
}

func conditionsOfFields(o abi.Object) (*Conditions, error) {
	c := &Conditions{}
	for i, to := range []*[]etag{&c.matches, &c.differs} {
		tag, ok := o.Get([]string{"etagMatches", "etagDoesNotMatch"}[i]).(string)
		switch {
		case !ok:
		case strings.HasPrefix(tag, `"`) && strings.HasSuffix(tag, `"`):
			return nil, abi.TypeErrorf("Conditional ETag should not be wrapped in quotes (%s).", tag)
		default:
			*to = []etag{{value: tag, any: tag == "*"}}
		}
	}
	for name, to := range map[string]**abi.Date{"uploadedBefore": &c.before, "uploadedAfter": &c.after} {
		if date, ok := o.Get(name).(abi.Date); ok {
			*to = &date
		}
	}
	c.seconds, _ = o.Get("secondsGranularity").(bool)
	return c, nil
}

func conditionsOfHeaders(h http.Header) (*Conditions, error) {
	c := &Conditions{seconds: true}
	for i, to := range []*[]etag{&c.matches, &c.differs} {
		name := []string{"If-Match", "If-None-Match"}[i]
		if values := h.Values(name); len(values) > 0 {
			tags, err := etagsOf(strings.Join(values, ", "))
			if err != nil {
				return nil, err
			}
			if len(tags) == 0 {
				return nil, abi.Errorf("Invalid ETag in %s header", strings.ToLower(name))
			}
			*to = tags
		}
	}
	for name, to := range map[string]**abi.Date{"If-Unmodified-Since": &c.before, "If-Modified-Since": &c.after} {
		if len(h.Values(name)) > 0 {
			date := dateOf(h.Get(name))
			*to = &date
		}
	}
	return c, nil
}

// dateOf reads the date of a header. workerd takes what is none for the beginning of time.
func dateOf(text string) abi.Date {
	for _, layout := range []string{http.TimeFormat, time.RFC850, time.ANSIC, time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return abi.DateOf(t)
		}
	}
	return 0
}

// etagsOf reads a list of ETags, as far as it is one (workerd api/r2-bucket.c++, the conditional headers).
func etagsOf(list string) (tags []etag, err error) {
	for comma := false; ; { // comma: one has to come before the next tag
		list = strings.TrimLeft(list, " \t")
		switch {
		case strings.HasPrefix(list, ","):
			list, comma = list[1:], false
			continue
		case list == "" || !strings.ContainsAny(list[:1], `*"W`):
			return tags, nil
		case comma:
			return nil, abi.Errorf("Comma was expected to separate etags. Encountered a %s", insteadOfComma[list[0]])
		case list[0] == '*':
			return []etag{{any: true}}, nil
		}
		rest, weak := strings.CutPrefix(list, "W/")
		if !strings.HasPrefix(rest, `"`) {
			return nil, abi.Errorf("Weak etags must start with W/ and their value must be quoted")
		}
		value, after, closed := strings.Cut(rest[1:], `"`)
		if !closed {
			return nil, abi.Errorf("Unclosed double quote for Etag")
		}
		tags, list, comma = append(tags, etag{value: value, weak: weak}), after, true
	}
}

var insteadOfComma = map[byte]string{
	'*': "wildcard character '*' instead.",
	'"': `double quote character '"' instead. This would otherwise indicate the start of a new strong etag.`,
	'W': "weak quotation character 'W' instead. This would otherwise indicate the start of a new weak etag.",
}

// Empty reports whether there is no condition.
func (c *Conditions) Empty() bool {
	return c == nil || c.matches == nil && c.differs == nil && c.before == nil && c.after == nil
}

// Hold reports whether the conditions hold of an object, which is nil when there is none.
func (c *Conditions) Hold(o *Stored) bool {
	switch {
	case c == nil:
		return true
	case o == nil:
		return c.matches == nil && c.after == nil
	}
	moment := func(d abi.Date) abi.Date {
		if c.seconds {
			return abi.Date(int64(d) / 1000 * 1000)
		}
		return d
	}
	matches := c.matches == nil || includes(c.matches, o.ETag, false)
	differs := c.differs == nil || !includes(c.differs, o.ETag, true)
	return matches && differs &&
		(c.after == nil || moment(*c.after) < moment(o.Uploaded) || c.differs != nil) &&
		(c.before == nil || moment(o.Uploaded) < moment(*c.before) || c.matches != nil)
}

// includes reports whether tags have one that is the ETag of an object, which a weak one is only in a weak comparison (RFC 9110, section 8.8.3.2).
func includes(tags []etag, of string, weakly bool) bool {
	return slices.ContainsFunc(tags, func(t etag) bool { return t.any || t.value == of && (weakly || !t.weak) })
}
