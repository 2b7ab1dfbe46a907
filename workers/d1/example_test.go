package d1_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
)

var db = d1.Database("DB")

// Post is a row of posts.
type Post struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

// In a handler.
func ExampleDatabase() {
	http.HandleFunc("GET /posts/{author}", func(w http.ResponseWriter, r *http.Request) {
		var posts []Post
		if err := db.Prepare("SELECT id, title FROM posts WHERE author = ?").Bind(r.PathValue("author")).All(r.Context(), &posts); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, posts)
	})
}

func ExampleStmt_All() {
	ctx, end := handler() // in a handler: r.Context()
	defer end()

	var posts []Post
	err := db.Prepare("SELECT id, title FROM posts WHERE author = ? ORDER BY id").Bind("ada").All(ctx, &posts)
	fmt.Println(posts, err)
	// Output: [{1 Hello} {3 Rain}] <nil>
}

func ExampleStmt_First() {
	ctx, end := handler()
	defer end()

	var title string
	found, err := db.Prepare("SELECT title FROM posts WHERE id = ?").Bind(2).First(ctx, &title)
	fmt.Println(found, title, err)
	found, err = db.Prepare("SELECT title FROM posts WHERE id = ?").Bind(99).First(ctx, &title)
	fmt.Println(found, err)
	// Output:
	// true Trees <nil>
	// false <nil>
}

func ExampleStmt_Run() {
	ctx, end := handler()
	defer end()

	r, err := db.Prepare("INSERT INTO posts (author, title) VALUES (?, ?)").Bind("ada", "Snow").Run(ctx)
	fmt.Println(r.Meta.LastRowID, r.Meta.Changes, err)
	// Output: 4 1 <nil>
}

// D1's errors have its text.
func ExampleStmt_Run_error() {
	ctx, end := handler()
	defer end()

	_, err := db.Prepare("INSERT INTO posts (author, title) VALUES (?, ?)").Bind("bob", "Hello").Run(ctx)
	var failed *workers.Error
	if errors.As(err, &failed) && strings.Contains(failed.Message, "UNIQUE constraint failed") {
		fmt.Println("there is one of that title")
	}
	// Output: there is one of that title
}

// Columns of one name stay apart.
func ExampleStmt_Raw() {
	ctx, end := handler()
	defer end()

	columns, rows, err := db.Prepare("SELECT a.title, b.title FROM posts a JOIN posts b ON a.author = b.author AND a.id < b.id").Raw(ctx)
	fmt.Println(columns, rows, err)
	// Output: [title title] [[Hello Rain]] <nil>
}

// One transaction: both, or neither.
func ExampleDB_Batch() {
	ctx, end := handler()
	defer end()

	rename := func(id int64, title string) error {
		_, err := db.Batch(ctx,
			db.Prepare("INSERT INTO history (post, title) SELECT id, title FROM posts WHERE id = ?").Bind(id),
			db.Prepare("UPDATE posts SET title = ? WHERE id = ?").Bind(title, id),
		)
		return err
	}
	fmt.Println(rename(1, "Good morning"))
	fmt.Println(rename(2, "Rain") != nil) // there is one of that title

	var old []string
	err := db.Prepare("SELECT title FROM history").All(ctx, &old)
	fmt.Println(old, err)
	// Output:
	// <nil>
	// true
	// [Hello] <nil>
}

// The bookmark comes from the reader's last request, and goes back for the next one: readers see what they have seen, and what they wrote.
func ExampleDB_WithSession() {
	http.HandleFunc("POST /posts", func(w http.ResponseWriter, r *http.Request) {
		session := db.WithSession(r.Header.Get("X-Bookmark")) // an empty one will do
		if _, err := session.Prepare("INSERT INTO posts (title) VALUES (?)").Bind(r.FormValue("title")).Run(r.Context()); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("X-Bookmark", session.Bookmark())
	})
}

// The context goes with every call; Query and Exec without one have none to work with.
func ExampleOpenDB() {
	ctx, end := handler()
	defer end()

	rows, err := d1.OpenDB("DB").QueryContext(ctx, "SELECT author, count(*) FROM posts GROUP BY author")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var author string
		var posts int
		if err := rows.Scan(&author, &posts); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(author, posts)
	}
	fmt.Println(rows.Err())
	// Output:
	// ada 2
	// bob 1
	// <nil>
}
