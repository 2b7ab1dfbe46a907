package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/internal/cloudflare"
)

// tailFilters are the flags that choose events, with wrangler's names and meanings.
type tailFilters struct {
	status, method, ip      list
	header, search, version string
	rate                    string
}

func (f *tailFilters) flags(fs *flag.FlagSet) {
	fs.Var(&f.status, "status", "only events that ended so: `ok, error or canceled`; may be repeated")
	fs.Var(&f.method, "method", "only requests with this HTTP `method`; may be repeated")
	fs.StringVar(&f.header, "header", "", "only requests with this header, as `NAME or NAME:value`")
	fs.Var(&f.ip, "ip", "only requests from this `address`; self is your own; may be repeated")
	fs.StringVar(&f.search, "search", "", "only events that log this `text`")
	fs.StringVar(&f.rate, "sampling-rate", "", "only this `part` of the events, between 0 and 1")
	fs.StringVar(&f.version, "version-id", "", "only events of this `version`, by its id or the first characters of it")
}

// list are the conditions as the API takes them.
func (f *tailFilters) list() (filters []cloudflare.TailFilter, err error) {
	add := func(name string, v any) { filters = append(filters, cloudflare.TailFilter{name: v}) }
	if f.rate != "" {
		var rate float64
		if _, err := fmt.Sscan(f.rate, &rate); err != nil || rate <= 0 || rate >= 1 {
			return nil, fmt.Errorf("--sampling-rate %s: write a number between 0 and 1: 0.25 shows a quarter of the events", f.rate)
		}
		add("sampling_rate", rate)
	}
	if len(f.status) > 0 {
		var outcomes []string
		for _, s := range split(f.status) {
			of := map[string][]string{"ok": {"ok"}, "canceled": {"canceled"}, "error": {"exception", "exceededCpu", "exceededMemory", "unknown"}}[s]
			if of == nil {
				return nil, fmt.Errorf("--status %s: write ok, error or canceled", s)
			}
			for _, o := range of {
				if !slices.Contains(outcomes, o) {
					outcomes = append(outcomes, o)
				}
			}
		}
		add("outcome", outcomes)
	}
	if len(f.method) > 0 {
		var methods []string
		for _, m := range split(f.method) {
			methods = append(methods, strings.ToUpper(m))
		}
		add("method", methods)
	}
	if f.header != "" {
		key, value, has := strings.Cut(f.header, ":")
		if key = strings.TrimSpace(key); key == "" {
			return nil, fmt.Errorf("--header %s: write it as NAME or NAME:value", f.header)
		}
		header := map[string]string{"key": key}
		if has {
			header["query"] = strings.TrimSpace(value)
		}
		add("header", header)
	}
	if len(f.ip) > 0 {
		add("client_ip", split(f.ip))
	}
	if f.search != "" {
		add("query", f.search)
	}
	return filters, nil
}

// split takes values apart at commas.
func split(values []string) (all []string) {
	for _, v := range values {
		for _, each := range strings.Split(v, ",") {
			if each = strings.TrimSpace(each); each != "" {
				all = append(all, each)
			}
		}
	}
	return all
}
