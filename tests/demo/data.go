package demo

import "time"

type member struct{ who, role string }

type section struct{ label, icon, href string }

var sites = []struct {
	subdomain, owner, name, description, tier, counts string
	age                                               time.Duration
	members                                           []member
	sections                                          []section
}{
	{"alice", "alice", "Alice’s Garden", "Notes from a small garden and a smaller kitchen.", "oak", "everyone", 35 * day,
		[]member{{"bob", "editor"}, {"carol", "author"}}, []section{{"Recipes", "coffee", "/posts/bread-that-waits-for-you"}, {"Seasons", "leaf", "/trails/kitchen-garden"}}},
	{"bob", "bob", "Bob Builds", "Chairs, boats and the occasional mistake.", "sapling", "author", 30 * day,
		[]member{{"alice", "viewer"}}, []section{{"Workshop", "home", "/posts/a-stool-with-three-legs"}}},
}

var follows = []struct {
	who, whom string
	age       time.Duration
}{{"bob", "alice", 20 * day}, {"carol", "alice", 12 * day}, {"carol", "bob", 12 * day}, {"alice", "bob", 8 * day}}

type reaction struct{ who, kind string }

// comment is one on a post. answers is who wrote the comment that it answers.
type comment struct {
	who, answers string
	after        time.Duration
	text         string
}

type post struct {
	site, author, file, title string
	age                       time.Duration
	tags                      []string
	reactions                 []reaction
	comments                  []comment
}

var posts = []post{
	{site: "alice", author: "alice", file: "first-frost", title: "The first frost", age: 9 * day, tags: []string{"garden", "autumn"},
		reactions: []reaction{{"bob", "like"}, {"carol", "love"}},
		comments: []comment{
			{who: "carol", after: 3 * hour, text: "The kale line made me laugh. Mine looks the same this morning."},
			{who: "alice", answers: "carol", after: 4 * hour, text: "It only gets sweeter from here, that is what I tell myself."},
		}},
	{site: "bob", author: "bob", file: "three-legged-stool", title: "A stool with three legs", age: 6 * day, tags: []string{"workshop", "wood"},
		reactions: []reaction{{"alice", "insightful"}, {"carol", "bookmark"}, {"carol", "like"}},
		comments: []comment{
			{who: "alice", after: 5 * hour, text: "Does it really never wobble? I have a floor to test that claim on."},
			{who: "bob", answers: "alice", after: 6 * hour, text: "Three points, one plane. Bring the floor."},
		}},
	{site: "alice", author: "carol", file: "seed-swap", title: "What I took home from the seed swap", age: 4 * day, tags: []string{"garden", "guests"},
		reactions: []reaction{{"alice", "love"}}},
	{site: "alice", author: "alice", file: "bread", title: "Bread that waits for you", age: 2 * day, tags: []string{"kitchen", "recipe"},
		reactions: []reaction{{"bob", "like"}, {"bob", "bookmark"}, {"carol", "like"}},
		comments: []comment{
			{who: "bob", after: 2 * hour, text: "Fourteen hours in the fridge and it forgave me everything. Thank you!"},
			{who: "carol", answers: "bob", after: 5 * hour, text: "Same here, with rye. It takes a little more water."},
			{who: "alice", answers: "carol", after: 7 * hour, text: "Good to know. I’ll add that to the recipe."},
		}},
	{site: "bob", author: "bob", file: "plans", title: "Plans for a very small boat", age: 20 * hour, tags: []string{"boats", "workshop"},
		reactions: []reaction{{"alice", "love"}},
		comments:  []comment{{who: "carol", after: 3 * hour, text: "Who gets to name it?"}}},
}

var waypoints = []struct {
	phase, title, text, status string
	due                        time.Duration
}{
	{"Prepare", "Take the old paving up", "Two weekends, one sore back.", "done", 0},
	{"Prepare", "Test the soil", "Clay, with a hint of builder’s sand.", "done", 0},
	{"Prepare", "Build the raised beds", "Bob is lending the saw.", "active", 5 * day},
	{"Plant", "Sow peas and broad beans", "", "planned", 15 * day},
	{"Plant", "A greenhouse", "Too big for the yard, it turns out.", "dropped", 0},
	{"Eat", "The first salad", "From the yard, all of it.", "planned", 60 * day},
}
