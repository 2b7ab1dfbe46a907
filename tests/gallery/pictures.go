package main

import "github.com/chromedp/chromedp"

// take takes all pictures, in the order of a visit: somebody reads and comments, and the owner of the site works on it.
func take(s *studio) error {
	alice, bob := s.open("Alice Alder", 1120, 780, "light"), s.open("Bob Birch", 390, 844, "dark")
	for _, step := range []func(alice, bob *window) error{readers, panel, conflict, grove, inspector} {
		if err := step(alice, bob); err != nil {
			return err
		}
		if err := firstError(alice, bob); err != nil {
			return err
		}
	}
	return nil
}

const trail = "/trails/kitchen-garden"

const live = `document.querySelector("#conversation")?.dataset.open !== undefined`

// readers are on the site: its home, and a post on which two people talk.
func readers(alice, bob *window) error {
	alice.visit("alice", "/")
	if err := alice.shoot("site", ""); err != nil {
		return err
	}
	alice.click(".posts h2 a")
	alice.until(live)
	path := ask(alice, chromedp.Evaluate[string]("location.pathname"))
	bob.visit("alice", path)
	bob.until(live)
	bob.write("#words", "Mine is in the fridge as we speak. I check on it too often.")
	bob.click("#write button")
	alice.until(`document.querySelector(".comment:first-child .words").innerText.startsWith("Mine is")`)
	alice.click(`.comment:first-child button[value="answer"]`)
	alice.do(chromedp.KeyEvent("It likes being looked at. Bake it tomorrow."))
	alice.click(".comment form button")
	bob.click(`.reactions button[value="love"]`)
	bob.write("#words", "And is")
	bob.js(`setInterval(() => document.querySelector("#words").dispatchEvent(new Event("input")), 500)`) // he goes on typing until the picture is taken
	alice.until(`document.querySelector("#typing").innerText !== "" && document.querySelector('.reactions [value="love"] .count').innerText !== ""`)
	if err := alice.shoot("conversation", ".tags, #conversation"); err != nil {
		return err
	}
	bob.js("scrollTo(0, 0)")
	return bob.shoot("phone", "")
}

// panel is the dashboard, the numbers of the day and a trail.
func panel(alice, bob *window) error {
	alice.visit("alice", "/admin")
	alice.until(`document.querySelector("#live").dataset.open !== undefined`)
	for _, path := range []string{"/", trail, "/posts/bread-that-waits-for-you"} {
		bob.do(chromedp.Navigate("http://alice." + alice.address[len("http://"):] + path))
		bob.until(`document.querySelector("h1")`)
	}
	alice.until(`document.querySelectorAll("#feed li").length >= 2`)
	alice.js(`document.activeElement.blur()`)
	if err := alice.shoot("dashboard", ""); err != nil {
		return err
	}
	alice.visit("alice", "/admin/analytics")
	alice.click(`a[aria-label="The day before"]`)
	alice.until(`location.search !== "" && document.querySelector(".chart rect")`)
	if err := alice.shoot("analytics", ""); err != nil {
		return err
	}
	alice.visit("alice", trail)
	return alice.shoot("trail", "")
}

// conflict is a draft that was edited on two devices.
func conflict(alice, _ *window) error {
	alice.visit("alice", "/admin/posts/new")
	alice.write("#title", "The first frost")
	alice.write("#body", "It came in the night, and nobody was told.")
	alice.click(`button[value="draft"]`)
	alice.until(`document.querySelector("#saved").innerText.startsWith("Draft saved")`)
	// What the other device saves, the site hears from it in the same way.
	alice.js(`const id = new URLSearchParams(location.search).get("draft"); window.other = fetch("/api/admin/drafts/" + id, {method: "PUT", headers: {"Content-Type": "application/json",
		"X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content}, body: JSON.stringify({slug: "", content: "It came in the night. The dahlias heard it first.",
		metadata: {title: "The first frost", tags: []}, baseRevision: 1, deviceId: "phone"})}).then(r => window.saved = r.ok)`)
	alice.until("window.saved")
	alice.write("#body", "It came in the night, quietly, and nobody was told.")
	alice.click(`button[value="draft"]`)
	alice.until(`document.querySelector("#conflict[open]")`)
	if err := alice.shoot("conflict", ""); err != nil {
		return err
	}
	alice.click(`#conflict button[value="mine"]`)
	return nil
}

// grove is what belongs to no site: the feed.
func grove(alice, _ *window) error {
	alice.do(chromedp.Navigate(alice.address + "/"))
	alice.until(`document.querySelector("#unread").innerText !== "" && document.querySelector(".feed li")`)
	return alice.shoot("feed", "")
}

// inspector is the page of lattice dev, after a visit to a site, and a table of its database.
func inspector(alice, _ *window) error {
	alice.visit("alice", "/")
	alice.do(chromedp.EmulateViewport(1120, 480, chromedp.EmulateScale(1)), chromedp.Navigate(alice.inspector+"/requests"))
	alice.until(`document.querySelector("#status").innerText === "live" && document.querySelector(".call")`)
	if err := alice.shoot("inspector", ""); err != nil {
		return err
	}
	alice.do(chromedp.EmulateViewport(1120, 640, chromedp.EmulateScale(1)), chromedp.Navigate(alice.inspector+"/database?binding=DB&table=trail_phases"))
	alice.until(`document.querySelector("#status").innerText === "live"`)
	return alice.shoot("inspector-storage", "")
}
