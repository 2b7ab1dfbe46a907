package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// What is held at once in a round of the part "held".
const (
	heldPoints   = 10 // at which memory is shown
	heldRequests = 2000
	heldAtOnce   = 500
	heldMillis   = 300
)

// held measures resident memory after each of several rounds of requests that wait in an object. What only grows is a leak,
// what levels off is what the process needs at its busiest. Then the same with clients that leave before they are answered.
func held(ctx context.Context, p programSet, rounds int) error {
	for _, kind := range []struct {
		title string
		leave bool
	}{{"answered", false}, {"left by their clients", true}} {
		var rows [][]string
		header := []string{"resident memory after"}
		for _, s := range []starter{lattice, javascript, localHost} {
			row, err := heldOn(ctx, p, s, rounds, kind.leave)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		for point := range heldPoints {
			n := (point + 1) * rounds * heldRequests
			if kind.leave {
				n /= 10
			}
			header = append(header, fmt.Sprint(n))
		}
		table(fmt.Sprintf("Requests held for %d ms, %d at once, %s", heldMillis, heldAtOnce, kind.title), header, rows...)
	}
	return nil
}

func heldOn(ctx context.Context, p programSet, s starter, rounds int, leave bool) ([]string, error) {
	targets, stop, err := start(ctx, p, s)
	if err != nil {
		return nil, err
	}
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: heldAtOnce}}
	defer client.CloseIdleConnections()
	row := []string{s.name}
	for range heldPoints {
		for range rounds {
			if err := holdMany(ctx, client, targets[0].url, leave); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
		n, err := targets[0].resident()
		if err != nil {
			return nil, err
		}
		row = append(row, megabytes(n))
	}
	return row, nil
}

// holdMany sends a round of requests.
func holdMany(ctx context.Context, client *http.Client, base string, leave bool) error {
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, heldAtOnce)
		errs  = make(chan error, heldRequests)
	)
	n := heldRequests
	if leave {
		n /= 10 // each gives up a connection, whose port is taken for a minute
	}
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs <- holdOne(ctx, client, fmt.Sprintf("%s/hold/h%d/%d", base, i%50, heldMillis), leave)
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func holdOne(ctx context.Context, client *http.Client, url string, leave bool) error {
	limit := 30 * time.Second
	if leave {
		limit = heldMillis / 3 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		if leave {
			return nil // it left, or its connection was one that another left
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", url, resp.StatusCode)
	}
	return nil
}
