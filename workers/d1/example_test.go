package d1_test

import (
	"context"
	"fmt"

	"grove.place/lattice/workers/d1"
)

var db = d1.Database("DB")

// Post is a row of posts.
type Post struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

func ExampleStmt_All() {
	list := func(ctx context.Context, author string) ([]Post, error) {
		var posts []Post
		err := db.Prepare("SELECT id, title FROM posts WHERE author = ? ORDER BY id").Bind(author).All(ctx, &posts)
		return posts, err
	}
	_ = list
}

func ExampleDB_Batch() {
	rename := func(ctx context.Context, id int64, title string) error {
		_, err := db.Batch(ctx, // both, or neither
			db.Prepare("UPDATE posts SET title = ? WHERE id = ?").Bind(title, id),
			db.Prepare("INSERT INTO history (post, title) VALUES (?, ?)").Bind(id, title),
		)
		return err
	}
	_ = rename
}

func ExampleStmt_First() {
	title := func(ctx context.Context, id int64) (string, error) {
		var title string
		found, err := db.Prepare("SELECT title FROM posts WHERE id = ?").Bind(id).First(ctx, &title)
		if err == nil && !found {
			err = fmt.Errorf("there is no post %d", id)
		}
		return title, err
	}
	_ = title
}

func ExampleDB_WithSession() {
	// The bookmark comes from the reader's last request, and goes back for the next one: readers see what they have seen, and what they wrote.
	add := func(ctx context.Context, bookmark, title string) (id int64, next string, err error) {
		session := db.WithSession(bookmark)
		r, err := session.Prepare("INSERT INTO posts (title) VALUES (?)").Bind(title).Run(ctx)
		return r.Meta.LastRowID, session.Bookmark(), err
	}
	_ = add
}

func ExampleOpenDB() {
	count := func(ctx context.Context) error {
		var n int
		if err := d1.OpenDB("DB").QueryRowContext(ctx, "SELECT count(*) FROM posts").Scan(&n); err != nil {
			return err
		}
		fmt.Println(n, "posts")
		return nil
	}
	_ = count
}
