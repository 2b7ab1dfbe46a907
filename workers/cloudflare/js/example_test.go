package js_test

import (
	"fmt"

	"grove.place/lattice/workers/cloudflare/js"
)

func ExampleParse() {
	v, err := js.Parse([]byte(`{"name":"Ada","posts":[{"title":"Hello"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	posts := v.Get("posts")
	fmt.Println(v.Get("name"), posts.Length(), posts.Index(0).Get("title"), v.Get("none").IsUndefined())
	// Output: Ada 1 Hello true
}

func ExampleValueOf() {
	fmt.Println(js.ValueOf(map[string]any{"n": 1}).Get("n").Int(), js.ValueOf("text").Type(), js.Null().Truthy())
	// Output: 1 string false
}
