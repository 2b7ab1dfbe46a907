package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"grove.place/lattice/durables"
)

// Score says how relevant a post is; larger is more. With R reactions and C comments it is
//
//	log2(1 + ln(1 + R + 2·C)) + days since 1970 at its publication
//
// so that a post which is a day older needs twice the weight to stand in the same place. The order of two posts does not depend on when they are looked
// at. Reactions count only where the site shows them to everyone: an order must not tell what is hidden.
func Score(createdAt int64, reactions, comments int64) float64 {
	weight := 1 + math.Log(1+float64(reactions)+2*float64(comments))
	return math.Log2(weight) + float64(createdAt)/(24*time.Hour).Seconds()/1000
}

// scoreEvery is how often the scores are computed, when somebody looks. A page that was begun before uses the scores of before, so that its order stays
// for at least that long.
const scoreEvery = 10 * time.Minute

// counters are what D1 says of a post's readers.
type counters struct {
	PostID    string `json:"post_id"`
	Reactions string `json:"reactions"` // JSON; "" when they are hidden
	Comments  int64  `json:"comments"`
}

func (c counters) reactions() (byType map[string]int64, total int64) {
	if c.Reactions == "" || json.Unmarshal([]byte(c.Reactions), &byType) != nil {
		return nil, 0
	}
	for _, n := range byType {
		total += n
	}
	return byType, total
}

// computeScores brings the scores up to date with the counters in D1, unless that was done a short while ago.
func (f *Feed) computeScores(ctx context.Context) error {
	now := time.Now()
	at, err := f.mark(ctx, markScored)
	if err != nil || now.Sub(time.UnixMilli(at)) < scoreEvery {
		return err
	}
	list, err := durables.All[string](ctx, f.object.SQL(), `SELECT post_id FROM feed_items`)
	if err != nil {
		return err
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	var rows []counters
	err = db.Prepare(`SELECT c.post_id, CASE WHEN s.counts_visible = 'everyone' THEN c.reactions ELSE '' END AS reactions, c.comments
		FROM json_each(?) j JOIN post_counters c ON c.post_id = j.value LEFT JOIN comment_settings s ON s.tenant_id = c.tenant_id`).Bind(string(text)).All(ctx, &rows)
	if err != nil {
		return fmt.Errorf("feed: read the counters: %w", err)
	}
	return f.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if err := f.object.Exec(ctx, `UPDATE feed_items SET previous_score = score WHERE previous_score <> score`); err != nil {
			return err
		}
		for _, c := range rows {
			created, found, err := durables.First[int64](ctx, f.object.SQL(), `SELECT created_at FROM feed_items WHERE post_id = ?`, c.PostID)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			_, reactions := c.reactions()
			if err := f.object.Exec(ctx, `UPDATE feed_items SET score = ?2 WHERE post_id = ?1 AND score <> ?2`, c.PostID, Score(created, reactions, c.Comments)); err != nil {
				return err
			}
		}
		return f.setMark(ctx, markScored, now.UnixMilli())
	})
}
