package meadow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"grove.place/lattice/durables/notification"
)

// toldNotification is a notification with what people read.
type toldNotification struct {
	notification.Notification
	People map[string]string `json:"people"` // the names of the actors
	Text   string            `json:"text"`   // "Bob and 3 others reacted to your post “Roses”"
	URL    string            `json:"url,omitempty"`
}

// target is what a notification is about: a post, or the post of a comment.
type target struct {
	Target    string `json:"target"`
	Title     string `json:"title"`
	Slug      string `json:"slug"`
	Subdomain string `json:"subdomain"`
}

// telling reads from D1 who and what the notifications are about. Of what is there no more they say only that it was.
func telling(ctx context.Context, list []notification.Notification) ([]toldNotification, error) {
	told := make([]toldNotification, len(list))
	if len(list) == 0 {
		return told, nil
	}
	var actors, about []string
	for _, n := range list {
		actors = append(actors, n.Actors...)
		if n.TargetType != "profile" {
			about = append(about, n.TargetID)
		}
	}
	names, targets, err := lookUp(ctx, actors, about)
	if err != nil {
		return nil, err
	}
	for i, n := range list {
		t := toldNotification{Notification: n, People: map[string]string{}}
		for _, id := range n.Actors {
			t.People[id] = names[id]
			if t.People[id] == "" {
				t.People[id] = "Somebody"
			}
		}
		subject, there := targets[n.TargetID]
		t.Text = sentence(t, subject.Title)
		switch {
		case there:
			t.URL = siteURL(ctx, subject.Subdomain, "/posts/"+subject.Slug)
		case n.TargetType == "profile" && len(n.Actors) > 0:
			t.URL = siteURL(ctx, "", "/people/"+n.Actors[0])
		}
		told[i] = t
	}
	return told, nil
}

func lookUp(ctx context.Context, actors, about []string) (map[string]string, map[string]target, error) {
	people, err1 := json.Marshal(actors)
	things, err2 := json.Marshal(about)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, err
	}
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT id, name, 0 AS since FROM users WHERE id IN (SELECT value FROM json_each(?)) AND status = 'active'`).Bind(string(people)),
		db.Prepare(`SELECT j.value AS target, p.title, p.slug, t.subdomain FROM json_each(?) j LEFT JOIN comments c ON c.id = j.value
			JOIN posts p ON p.id = coalesce(c.post_id, j.value) AND p.status = 'published' JOIN tenants t ON t.id = p.tenant_id AND t.status = 'active'`).Bind(string(things)))
	if err != nil {
		return nil, nil, fmt.Errorf("meadow: read what the notifications are about: %w", err)
	}
	var found []person
	var subjects []target
	if err := errors.Join(results[0].Scan(&found), results[1].Scan(&subjects)); err != nil {
		return nil, nil, err
	}
	names, targets := map[string]string{}, map[string]target{}
	for _, p := range found {
		names[p.ID] = p.Name
	}
	for _, t := range subjects {
		targets[t.Target] = t
	}
	return names, targets, nil
}

// sentence says what happened. title is of the post that it is about, "" when it is there no more.
func sentence(n toldNotification, title string) string {
	who := "Somebody"
	if len(n.Actors) > 0 {
		who = n.People[n.Actors[0]]
	}
	switch others := n.ActorCount - 1; {
	case others == 1 && len(n.Actors) > 1:
		who += " and " + n.People[n.Actors[1]]
	case others == 1:
		who += " and one other"
	case others > 1:
		who += " and " + strconv.FormatInt(others, 10) + " others"
	}
	of := func(thing, place string) string {
		switch {
		case title == "":
			return thing
		case place == "":
			return thing + " “" + title + "”"
		}
		return thing + place + "“" + title + "”"
	}
	onComment := n.TargetType == "comment"
	switch n.Type {
	case notification.Reaction:
		if onComment {
			return who + " reacted to " + of("your comment", " on ")
		}
		return who + " reacted to " + of("your post", "")
	case notification.Comment:
		return who + " commented on " + of("your post", "")
	case notification.Reply:
		return who + " replied to " + of("your comment", " on ")
	case notification.Mention:
		if onComment {
			return who + " mentioned you in " + of("a comment", " on ")
		}
		return who + " mentioned you in " + of("a post", "")
	case notification.Follow:
		if n.ActorCount > 1 {
			return who + " follow you"
		}
		return who + " follows you"
	}
	return who + " did something"
}
