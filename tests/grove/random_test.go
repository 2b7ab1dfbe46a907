package grove

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sort"
	"testing"
	"time"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
	local "grove.place/lattice/local-runtime"
)

var seeds = flag.Int("seeds", 15, "how many random schedules are tried")

// person is somebody who does things at random, and what they were told is so.
type person struct {
	w         *world
	id        string
	comments  map[string]string // id → text; "" once it is deleted
	reactions map[string]bool   // type → on
	follows   map[string]bool   // user → on
	drafts    map[string]string // id → text and revision
	made      int               // comments
}

// do does one thing until it is acknowledged, and notes it.
func (p *person) do(name string) error {
	w, rand := p.w, p.w.Rand()
	switch rand.IntN(9) {
	case 0, 1, 2:
		text := fmt.Sprint(name, " comment ", p.made)
		request := fmt.Sprint(name, p.made)
		p.made++
		return w.insist(call(w.thread, post.AddComment, post.NewComment{ID: request, UserID: p.id, Content: text}, func(a post.Answer) string {
			if a.Comment != nil {
				p.comments[a.Comment.ID] = text
			}
			return a.Problem
		}))
	case 3:
		return p.change(func(id string) step {
			text := fmt.Sprint(name, " edit at ", w.Clock.Now().UnixMilli())
			return call(w.thread, post.EditComment, post.Edit{ID: id, UserID: p.id, Content: text}, func(a post.Answer) string {
				if a.Problem == "too_late" { // then it stays as it was
					return ""
				}
				p.comments[id] = text
				return a.Problem
			})
		})
	case 4:
		return p.change(func(id string) step {
			return call(w.thread, post.DeleteComment, post.Removal{ID: id, UserID: p.id}, func(a post.Answer) string {
				p.comments[id] = ""
				if a.Problem == "not_found" { // nobody ever saw it
					return ""
				}
				return a.Problem
			})
		})
	case 5, 6:
		kind, on := post.Types[rand.IntN(len(post.Types))], rand.IntN(3) > 0
		return w.insist(call(w.thread, post.SetReaction, post.Reaction{UserID: p.id, Type: kind, On: on}, func(r post.Reacted) string {
			if _, known := p.reactions[kind]; on || known {
				p.reactions[kind] = on
			}
			return r.Problem
		}))
	case 7:
		who, on := w.people[rand.IntN(len(w.people))], rand.IntN(3) > 0
		if who == p.id {
			return nil
		}
		change := feed.Change{UserID: who, Action: map[bool]string{true: feed.Follow, false: feed.Unfollow}[on]}
		return w.insist(func(ctx context.Context) error {
			c, err := feed.UpdateFollowing.Call(ctx, feed.Of(p.id), change)
			if err == nil && c.Problem != "" {
				err = errors.New(c.Problem)
			}
			if err == nil {
				p.follows[who] = on
			}
			return err
		})
	default:
		return p.draft(name)
	}
}

// change changes a comment that is there.
func (p *person) change(how func(id string) step) error {
	ids := slices.Sorted(maps.Keys(p.comments))
	ids = slices.DeleteFunc(ids, func(id string) bool { return p.comments[id] == "" })
	if len(ids) == 0 {
		return nil
	}
	return p.w.insist(how(ids[p.w.Rand().IntN(len(ids))]))
}

// draft saves a draft, over what was saved last.
func (p *person) draft(name string) error {
	ids := slices.Sorted(maps.Keys(p.drafts))
	if len(ids) < 2 {
		ids = append(ids, p.w.id())
	}
	id := ids[p.w.Rand().IntN(len(ids))]
	var base int64
	fmt.Sscan(p.drafts[id], &base)
	save := tenant.DraftSave{DraftID: id, Slug: "s", Content: fmt.Sprint(name, " draft at ", p.w.Clock.Now().UnixMilli()), BaseRevision: base, DeviceID: name, AuthorID: p.id}
	return p.w.insist(call(p.w.site, tenant.SaveDraft, save, func(s tenant.DraftSaved) string {
		if s.Conflict || s.Problem != "" {
			return fmt.Sprintf("%+v", s)
		}
		p.drafts[id] = fmt.Sprint(s.Current.Revision, " ", save.Content)
		return ""
	}))
}

// disasters is a client that breaks things until done.
func (w *world) disasters(done func() bool) {
	w.Go("disasters", func(context.Context) error {
		var faults []*local.Injection
		add := func(f local.Fault) { faults = append(faults, w.Inject(f)) }
		rand := w.Rand()
		for !done() {
			w.Sleep(time.Duration(rand.IntN(90)) * time.Second)
			class := classes[rand.IntN(len(classes))]
			switch rand.IntN(8) {
			case 0:
				if _, err := w.EvictAll(); err != nil {
					return err
				}
			case 1:
				if err := w.Crash("killed by the simulation"); err != nil {
					return err
				}
			case 2:
				add(local.StorageFault{Class: class, On: local.OnCommit, After: rand.IntN(3), Times: 1})
			case 3:
				add(local.StorageFault{Class: class, On: local.OnWrite, After: rand.IntN(9), Times: 1})
			case 4:
				add(local.StorageFault{Class: class, On: local.OnConfirm, After: rand.IntN(3), Times: 1, Err: local.ErrDiskIO})
			case 5:
				add(local.D1Fault{After: rand.IntN(3), Times: 1 + rand.IntN(3), AfterCommit: true})
			case 6:
				add(local.D1Fault{Times: 5, Delay: time.Duration(rand.IntN(30)) * time.Second})
			case 7: // away for up to ten minutes
				outage := w.Inject(local.D1Fault{Err: errors.New("D1_ERROR: Network connection lost.")})
				w.Sleep(time.Duration(rand.IntN(600)) * time.Second)
				outage.Remove()
			}
		}
		for _, f := range faults {
			f.Remove()
		}
		return nil
	})
}

// TestWhatWasAcknowledgedIsInD1WhateverHappens: people comment, react, follow and write at random while D1, disks and instances fail at random. In the end
// D1 has what each of them was told, no less and no more.
func TestWhatWasAcknowledgedIsInD1WhateverHappens(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = min(n, 3)
	}
	for seed := range uint64(n) {
		t.Run(fmt.Sprint("seed=", seed+1), func(t *testing.T) {
			w := open(t, seed+1)
			var people []*person
			running := len(w.people)
			for i, id := range w.people {
				p := &person{w, id, map[string]string{}, map[string]bool{}, map[string]bool{}, map[string]string{}, 0}
				people = append(people, p)
				name := fmt.Sprint("person ", i)
				w.Go(name, func(context.Context) error {
					defer func() { running-- }()
					for range 12 {
						w.Sleep(time.Duration(w.Rand().IntN(60)) * time.Second)
						if err := p.do(name); err != nil {
							return err
						}
					}
					return nil
				})
			}
			w.disasters(func() bool { return running == 0 })
			w.rest(2 * day)
			w.compare(people)
			w.sound()
		})
	}
}

// compare compares D1 with what people were told.
func (w *world) compare(people []*person) {
	w.t.Helper()
	var comments, reactions, follows, drafts []string
	counts := map[string]int{}
	given, made := 0, 0
	for _, p := range people {
		made += p.made
		for id, text := range p.comments {
			if text != "" {
				comments = append(comments, id+" "+p.id+" "+text)
			}
		}
		for kind, on := range p.reactions {
			given++
			if on {
				reactions = append(reactions, p.id+" "+kind)
				counts[kind]++
			}
		}
		for who, on := range p.follows {
			if on {
				follows = append(follows, who+" "+p.id)
			}
		}
		for id, text := range p.drafts {
			drafts = append(drafts, id+" "+text)
		}
	}
	for _, list := range [][]string{comments, reactions, follows, drafts} {
		sort.Strings(list)
	}
	w.has("comments", comments, `SELECT id || ' ' || author_id || ' ' || body FROM comments WHERE status = 'visible' ORDER BY id`)
	w.has("reactions", reactions, `SELECT user_id || ' ' || type FROM reactions WHERE present ORDER BY 1`)
	w.has("follows", follows, `SELECT followee_id || ' ' || follower_id FROM follows ORDER BY 1`)
	w.has("drafts", drafts, `SELECT draft_id || ' ' || revision || ' ' || content FROM drafts ORDER BY draft_id`)
	w.has("who is told of followers", follows, `SELECT user_id || ' ' || value FROM notifications, json_each(actors) WHERE notifications.type = 'follow' AND retracted_at IS NULL ORDER BY 1`)
	if made+given > 0 {
		w.has("counts", []string{fmt.Sprint(len(comments), " ", counts["like"], " ", counts["love"], " ", counts["insightful"], " ", counts["bookmark"])},
			`SELECT comments || ' ' || (reactions ->> 'like') || ' ' || (reactions ->> 'love') || ' ' || (reactions ->> 'insightful') || ' ' || (reactions ->> 'bookmark') FROM post_counters`)
		w.has("the day's events", []string{fmt.Sprint(made, " ", given)}, `SELECT sum(comments) || ' ' || sum(reactions) FROM analytics_daily`)
	}
}
