package devoidc

import (
	"html/template"
	"net/http"
)

// Suggestions are the people that the sign-in page offers with one press.
var Suggestions = []User{
	{Name: "Alice Alder", Email: "alice@example.test", Verified: true},
	{Name: "Bob Birch", Email: "bob@example.test", Verified: true},
	{Name: "Carol Cedar", Email: "carol@example.test", Verified: true},
	{Name: "Mallory Moss", Email: "alice@example.test", Subject: "dev|mallory", Verified: false},
}

func (p *Provider) authorizePage(w http.ResponseWriter, r *http.Request) {
	req, err := p.parse(r.URL.Query())
	if err != nil {
		http.Error(w, "devoidc: "+err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	page.Execute(w, map[string]any{"Host": req.redirect.Host, "Action": "?" + r.URL.RawQuery, "Users": Suggestions})
}

var page = template.Must(template.New("authorize").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Development sign-in</title>
<link rel="icon" href="data:,">
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem; }
label { display: block; margin: .75rem 0; }
input[type=text], input[type=email] { display: block; width: 100%; font: inherit; padding: .4rem; box-sizing: border-box; }
button { font: inherit; padding: .5rem 1rem; margin: .25rem 0; }
</style>
</head>
<body>
<h1>Development sign-in</h1>
<p>{{.Host}} asks who you are. This provider believes whatever you say; it exists on this machine only.</p>
<h2>Somebody prepared</h2>
{{range .Users}}<form method="post" action="{{$.Action}}">
<input type="hidden" name="name" value="{{.Name}}">
<input type="hidden" name="email" value="{{.Email}}">
<input type="hidden" name="sub" value="{{.Subject}}">
{{if .Verified}}<input type="hidden" name="email_verified" value="1">{{end}}
<button data-user="{{.Name}}">{{.Name}}, {{.Email}}{{if not .Verified}} (not verified){{end}}</button>
</form>
{{end}}
<h2>Somebody else</h2>
<form method="post" action="{{.Action}}" id="other">
<label>Name <input type="text" name="name" value="Erin Elm" required></label>
<label>E-mail <input type="email" name="email" value="erin@example.test" required></label>
<label>Subject <input type="text" name="sub" placeholder="dev|e-mail"></label>
<label><input type="checkbox" name="email_verified" value="1" checked> The e-mail address is verified</label>
<label><input type="checkbox" name="alg" value="ES256"> Sign with ES256</label>
<button>Sign in</button>
<button name="deny" value="1" formnovalidate>Deny</button>
</form>
</body>
</html>
`))
