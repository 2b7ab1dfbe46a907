package main

import (
	"context"
	"fmt"
	"time"
)

// onWorkerd compares Lattice with syumai/workers and with JavaScript, all on workerd.
func onWorkerd(ctx context.Context, p programSet, rounds int) error {
	targets, stop, err := start(ctx, p, lattice, javascript, syumai)
	if err != nil {
		return err
	}
	defer stop()
	got, err := compare(ctx, hello, rounds, targets...)
	if err != nil {
		return err
	}
	times := ratio(got[0], got[2])
	rows := [][]string{
		{hello.name, got[0].cell(), got[2].name, got[2].cell(), fmt.Sprintf("%.1f× as fast", times), aim("≥ 40×", times >= 40)},
		{hello.name, got[0].cell(), got[1].name, got[1].cell(), fmt.Sprintf("%.2f× the time", ratio(got[1], got[0])), ""},
	}
	for _, s := range scenarios {
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

// onLocal compares the local host with wrangler dev, on the same module and the same requests.
func onLocal(ctx context.Context, p programSet, rounds int) error {
	targets, stop, err := start(ctx, p, localHost, wrangler)
	if err != nil {
		return err
	}
	defer stop()
	var rows [][]string
	for _, s := range append([]scenario{hello}, scenarios...) {
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

const manyObjects = 1000

// memory measures resident memory with one object alive and with many.
func memory(ctx context.Context, p programSet, _ int) error {
	var rows [][]string
	var each []float64
	for _, s := range []starter{lattice, javascript, localHost} {
		one, many, err := residentWithObjects(ctx, p, s)
		if err != nil {
			return err
		}
		each = append(each, float64(many-one)/(manyObjects-1)/1024)
		rows = append(rows, []string{s.name, megabytes(one), megabytes(many), fmt.Sprintf("%.1f KB", each[len(each)-1]), ""})
	}
	rows[0][0], rows[1][0] = lattice.name+" on workerd", javascript.name+" on workerd"
	extra := each[0] - each[1]
	rows[0][4] = aim(fmt.Sprintf("< 20 KB, beyond the twin's: %.1f KB", extra), extra < 20)
	rows[2][4] = aim("< 20 KB", each[2] < 20)
	table("Resident memory", []string{"", "1 object", fmt.Sprintf("%d objects", manyObjects), "each more", "aim for an idle object"}, rows...)
	return nil
}

func residentWithObjects(ctx context.Context, p programSet, s starter) (one, many int64, err error) {
	targets, stop, err := start(ctx, p, s)
	if err != nil {
		return 0, 0, err
	}
	defer stop()
	t := targets[0]
	for i := range manyObjects {
		// The first object is asked often, so that what the process needs at all is there before the rest.
		name := fmt.Sprintf("/ping/m%d", i)
		for range map[bool]int{true: 200, false: 1}[i == 0] {
			if _, err := once(t.url, name); err != nil {
				return 0, 0, fmt.Errorf("%s: object %d: %w", s.name, i, err)
			}
		}
		if i == 0 {
			if one, err = t.resident(); err != nil {
				return 0, 0, err
			}
		}
	}
	many, err = t.resident()
	return one, many, err
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }
