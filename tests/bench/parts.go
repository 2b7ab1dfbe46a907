package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// onWorkerd compares Lattice with syumai/workers and with JavaScript, all on workerd.
func onWorkerd(ctx context.Context, p programSet, rounds int) error {
	targets, stop, err := start(ctx, p, lattice, javascript, syumai)
	if err != nil {
		return err
	}
	defer stop()
	var rows [][]string
	if p.wanted.MatchString(hello.name) {
		got, err := compare(ctx, hello, rounds, targets...)
		if err != nil {
			return err
		}
		times := ratio(got[0], got[2])
		rows = [][]string{
			{hello.name, got[0].cell(), got[2].name, got[2].cell(), fmt.Sprintf("%.1f× as fast", times), aim("≥ 40×", times >= 40)},
			{hello.name, got[0].cell(), got[1].name, got[1].cell(), fmt.Sprintf("%.2f× the time", ratio(got[1], got[0])), ""},
		}
	}
	for _, s := range p.of(scenarios, events) {
		got, err := compare(ctx, s, rounds, targets[:2]...)
		if err != nil {
			return err
		}
		times := ratio(got[1], got[0])
		rows = append(rows, []string{s.name, got[0].cell(), got[1].name, got[1].cell(), fmt.Sprintf("%.2f× the time", times), aim("≤ 1.3×", times <= 1.3)})
	}
	table("On workerd", []string{"case", "Lattice", "against", "which makes", "ratio (median)", "aim"}, rows...)
	return nil
}

// of returns the scenarios that are wanted.
func (p programSet) of(lists ...[]scenario) []scenario {
	return slices.DeleteFunc(slices.Concat(lists...), func(s scenario) bool { return !p.wanted.MatchString(s.name) })
}

// onLocal compares the local host with wrangler dev, on the same module and the same requests.
func onLocal(ctx context.Context, p programSet, rounds int) error {
	targets, stop, err := start(ctx, p, localHost, wrangler)
	if err != nil {
		return err
	}
	defer stop()
	var rows [][]string
	for _, s := range p.of([]scenario{hello}, scenarios, events) {
		got, err := compare(ctx, s, rounds, targets...)
		if err != nil {
			return err
		}
		times := ratio(got[0], got[1])
		rows = append(rows, []string{s.name, got[0].cell(), got[1].cell(), fmt.Sprintf("%.1f×", times), aim("≥ 10×", times >= 10)})
	}
	table("The local host against wrangler dev", []string{"case", localHost.name, wrangler.name, "ratio (median)", "aim"}, rows...)
	return nil
}

// coldStarts measures from the start of a process to its first answer, and how long that first request took.
func coldStarts(ctx context.Context, p programSet, rounds int) error {
	starters := []starter{localHost, wrangler, lattice, javascript, syumai}
	whole, first := make([][]time.Duration, len(starters)), make([][]time.Duration, len(starters))
	for range min(rounds, 3) {
		for i, s := range starters {
			begun := time.Now()
			targets, stop, err := start(ctx, p, s)
			if err != nil {
				return err
			}
			asked := time.Now()
			got, err := once(targets[0].url, hello.path)
			whole[i], first[i] = append(whole[i], time.Since(begun)), append(first[i], time.Since(asked))
			stop()
			if err != nil || got != hello.want {
				return fmt.Errorf("%s answered %q, %v", s.name, got, err)
			}
		}
	}
	var rows [][]string
	for i, s := range starters {
		name := s.name
		if i >= 2 {
			name += " on workerd"
		}
		row := []string{name, fmt.Sprintf("%.0f ms", milliseconds(median(whole[i]))), fmt.Sprintf("%.0f ms", milliseconds(median(first[i]))), ""}
		if i == 0 {
			row[3] = aim("< 300 ms with a warm cache", median(whole[i]) < 300*time.Millisecond)
		}
		rows = append(rows, row)
	}
	table("Cold start", []string{"", "process start to first answer", "first request", "aim"}, rows...)
	return nil
}

// liveObjects are the numbers of objects with which memory is measured. What a host has once for all objects, such as a pool
// of open databases, is there with the second.
var liveObjects = [...]int{1, 100, 1000}

// memory measures resident memory with one object alive and with many.
func memory(ctx context.Context, p programSet, _ int) error {
	var rows [][]string
	var each []float64
	for _, s := range []starter{lattice, javascript, localHost} {
		got, err := residentWithObjects(ctx, p, s)
		if err != nil {
			return err
		}
		per := func(from int) float64 {
			return float64(got[2]-got[from]) / float64(liveObjects[2]-liveObjects[from]) / 1024
		}
		each = append(each, per(1))
		rows = append(rows, []string{s.name, megabytes(got[0]), megabytes(got[1]), megabytes(got[2]), fmt.Sprintf("%.1f KB", per(0)), fmt.Sprintf("%.1f KB", per(1)), ""})
	}
	rows[0][0], rows[1][0] = lattice.name+" on workerd", javascript.name+" on workerd"
	extra := each[0] - each[1]
	rows[0][6] = aim(fmt.Sprintf("< 20 KB beyond the twin's: %.1f KB", extra), extra < 20)
	rows[2][6] = aim("< 20 KB", each[2] < 20)
	table("Resident memory", []string{"live objects", "1", "100", "1000", "each after the first", "each after 100", "aim for an idle object"}, rows...)
	return nil
}

// residentWithObjects returns the resident memory with each of the numbers of liveObjects.
func residentWithObjects(ctx context.Context, p programSet, s starter) (got [len(liveObjects)]int64, err error) {
	targets, stop, err := start(ctx, p, s)
	if err != nil {
		return got, err
	}
	defer stop()
	t := targets[0]
	made := 0
	for point, want := range liveObjects {
		for ; made < want; made++ {
			// The first object is asked often, so that what the process needs at all is there before the rest.
			repeat := 1
			if made == 0 {
				repeat = 200
			}
			for range repeat {
				if _, err := once(t.url, fmt.Sprintf("/ping/m%d", made)); err != nil {
					return got, fmt.Errorf("%s: object %d: %w", s.name, made, err)
				}
			}
		}
		if got[point], err = t.resident(); err != nil {
			return got, err
		}
	}
	return got, nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

// touched is how many objects the part "objects" calls once.
const touched = 10_000

// touch calls many objects once each, from 8 connections, and measures how long that takes and what it leaves in memory.
func touch(ctx context.Context, p programSet, _ int) error {
	var rows [][]string
	for _, s := range []starter{lattice, javascript, localHost, wrangler} {
		targets, stop, err := start(ctx, p, s)
		if err != nil {
			return err
		}
		begun := time.Now()
		_, err = load(targets[0].url, "/visit/#", "1", touched)
		took := time.Since(begun)
		var memory int64
		if err == nil && s.name != wrangler.name { // whose process is not the one that runs the objects
			memory, err = targets[0].resident()
		}
		stop()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		row := []string{s.name, fmt.Sprintf("%.1f s", took.Seconds()), ""}
		if memory > 0 {
			row[2] = megabytes(memory)
		}
		rows = append(rows, row)
	}
	table(fmt.Sprintf("%d objects called once", touched), []string{"", "all of them", "resident memory afterwards"}, rows...)
	return nil
}
