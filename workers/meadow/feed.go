package meadow

import (
	"context"
	"net/http"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// item is a post in a feed, as the API shows it.
type item struct {
	feed.Item
	URL string `json:"url"` // of the post on its site
}

// getFeed answers with a page of the visitor's feed.
func getFeed(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	n, err := limit(r, feed.MaxPage)
	if err != nil {
		return err
	}
	page, err := readFeed(r, v, n)
	if err != nil {
		return err
	}
	items := make([]item, len(page.Items))
	for i, p := range page.Items {
		items[i] = item{p, postURL(r.Context(), p.Post)}
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Items      []item `json:"items"`
		NextCursor string `json:"nextCursor,omitempty"`
		Stale      bool   `json:"stale,omitempty"`
	}{items, page.NextCursor, page.Stale})
	return nil
}

func postURL(ctx context.Context, p feed.Post) string {
	return siteURL(ctx, p.Preview.Subdomain, "/posts/"+p.Preview.Slug)
}

// readFeed reads the page that the request asks for.
func readFeed(r *http.Request, v *heartwood.Visitor, n int) (feed.Page, error) {
	query := r.URL.Query()
	sort := query.Get("sort")
	switch sort {
	case "":
		sort = feed.Recent
	case feed.Recent, feed.Relevance:
	default:
		return feed.Page{}, web.BadRequest("bad_sort", "sort is recent or relevance.")
	}
	page, err := call(r.Context(), "Your feed", feed.Of(v.UserID), feed.GetFeed, feed.Query{Cursor: query.Get("cursor"), Limit: n, SortBy: sort})
	if err == nil && page.Problem != "" {
		err = errCursor
	}
	return page, err
}
