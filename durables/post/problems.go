package post

// Problems are why something was not done. They are codes for programs; Explain has the words.
const (
	problemClosed   = "closed"         // the post is not published
	problemDisabled = "comments_off"   // the site takes no comments
	problemBlocked  = "blocked"        // the site has blocked the user
	problemEmpty    = "bad_comment"    // the text is empty, too long or no text
	problemParent   = "no_such_parent" // what is answered is not there
	problemDeep     = "too_deep"       // answers to answers to answers …
	problemFast     = "too_fast"       // too many comments within a minute
	problemMissing  = "not_found"      // there is no such comment
	problemForeign  = "not_yours"      // it is somebody else's
	problemLate     = "too_late"       // the time to edit is over
	problemState    = "conflict"       // the comment is not in the state that the action begins with
	problemCursor   = "bad_cursor"
)

var explanations = map[string]string{
	problemClosed:   "This post is not published any more.",
	problemDisabled: "This site takes no comments just now.",
	problemBlocked:  "The owner of this site does not want to hear from you here.",
	problemEmpty:    "Write a comment of 1 to 4000 bytes of plain text.",
	problemParent:   "The comment that you answer is gone.",
	problemDeep:     "The thread ends here. Answer a comment further up.",
	problemFast:     "That was a little fast. Wait a minute and try again.",
	problemMissing:  "There is no such comment.",
	problemForeign:  "That comment is somebody else's.",
	problemLate:     "A comment can be changed for 15 minutes. You can still delete it.",
	problemState:    "Somebody was faster: the comment is in another state now.",
	problemCursor:   "Use the cursor that the page before gave, or none.",
}

// Explain says what a problem means to the user.
func Explain(problem string) string { return explanations[problem] }
