package fetch_test

import (
	"context"
	"net/http"

	"grove.place/lattice/workers/cloudflare/fetch"
)

func ExampleClient_Do() {
	status := func(ctx context.Context) (int, error) {
		req, err := fetch.NewRequest(ctx, http.MethodGet, "https://weather.example/now", nil)
		if err != nil {
			return 0, err
		}
		resp, err := fetch.NewClient().Do(req, &fetch.RequestInit{Redirect: fetch.RedirectModeManual})
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		return resp.StatusCode, nil
	}
	_ = status
}
