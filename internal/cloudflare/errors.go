package cloudflare

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Codes of the API that callers decide on.
const (
	codeNoBucket       = 10006
	codeNoWorker       = 10007
	codeNoKey          = 10009
	codeNoNamespace    = 10013
	codeNoEnvironment  = 10090
	codeMigrationTag   = 10079
	codeAuthentication = 10000
	codeInherit        = 10057
	codeSecretChanged  = 10220
	codeNotDeployed    = 10215
)

// Error is a refusal of the API.
type Error struct {
	Method, Path string
	Status       int
	Code         int // the API's own; 0 when it gave none
	Message      string
	RetryAfter   time.Duration // -1 when it does not say
	Attempts     int

	who string // was shown to Cloudflare
}

// refusal reads what the API answered. Gateways answer in HTML, of which nothing is shown.
func refusal(r *http.Request, res *http.Response) *Error {
	e := &Error{Method: r.Method, Path: strings.TrimPrefix(r.URL.Path, "/client/v4"), Status: res.StatusCode, RetryAfter: retryAfter(res.Header)}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	var body struct {
		Errors []struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(text, &body) == nil {
		for i, each := range body.Errors {
			if i == 0 {
				e.Code = each.Code
			} else {
				e.Message += "; "
			}
			e.Message += each.Message
		}
	}
	if e.Message == "" {
		e.Message = http.StatusText(e.Status)
	}
	return e
}

// Error says what was refused, and what to do.
func (e *Error) Error() string {
	text := fmt.Sprintf("Cloudflare answered %d", e.Status)
	if e.Code != 0 {
		text = fmt.Sprintf("%s (code %d, HTTP %d)", strings.TrimSuffix(e.Message, "."), e.Code, e.Status)
	}
	if e.Attempts > 1 {
		text += fmt.Sprintf(", %d times", e.Attempts)
	}
	if hint := e.hint(); hint != "" {
		text += ": " + hint
	}
	return text
}

func (e *Error) hint() string {
	who := cmp.Or(e.who, "the API token")
	switch {
	case strings.Contains(who, "wrangler login") && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden):
		return "the session of `wrangler login` does not let lattice in, or may not do this: run `wrangler login` again, or set CLOUDFLARE_API_TOKEN"
	case e.Status == http.StatusUnauthorized, e.Code == 1000 || e.Code == 6003 || e.Code == 6111 || e.Code == 9109:
		return who + " is not valid, or no longer: look at it at " + tokenPage + ", and set CLOUDFLARE_API_TOKEN again"
	case e.Status == http.StatusForbidden:
		return who + " may not do this, or not in this account: give it the permission " + permission(e.Path, e.Method) + " at " + tokenPage + ", or set CLOUDFLARE_ACCOUNT_ID to the account that it is for"
	case e.Status == http.StatusTooManyRequests && e.RetryAfter > mostDelay:
		return fmt.Sprintf("it asks to wait for %s: try again then", e.RetryAfter.Round(time.Second))
	case e.Status == http.StatusTooManyRequests:
		return "there were too many requests in the last five minutes: wait for them, and try again"
	case e.Status >= 500:
		return "look at https://www.cloudflarestatus.com, and try again"
	case (e.Code == codeNoWorker || e.Code == codeNoEnvironment) && strings.Contains(e.Path, "/workers/"): // in R2, 10007 is an object that is not there
		return "deploy it first: lattice deploy"
	case e.Code == codeNotDeployed:
		return "the newest version is not live, and a secret would make it so: make a version live first (lattice versions list, lattice versions deploy)"
	case e.Code == codeInherit:
		return "set the secret first: lattice secret put NAME"
	}
	return hints[e.Code]
}

// hints are what to do about refusals that deployments meet, by the API's code.
var hints = map[int]string{
	10013: "look at https://www.cloudflarestatus.com, and run the command again",
	10020: "another Worker has that route: take it away there, on the dashboard under Workers Routes of the zone, or write another pattern",
	10021: "Cloudflare does not start the Worker like this; `lattice dev` shows what happens at its start",
	10027: "`lattice build --sizes` shows what takes the space",
	10061: "a migration has to create the class: add it to new_sqlite_classes of a step under [[migrations]]",
	10063: "choose a name on workers.dev on the dashboard, Compute (Workers), or write workers_dev = false",
	10070: "objects of the class are there: export it again, or add a step with renamed_classes or deleted_classes under [[migrations]]",
	10074: "the class has objects already: take it out of new_classes and new_sqlite_classes of the new step; their storage cannot be changed",
	10097: "write new_sqlite_classes instead of new_classes under [[migrations]]",
}

// permission is what a token needs for a path, as the page of tokens calls it.
func permission(path, method string) string {
	may := "Edit"
	if method == http.MethodGet {
		may = "Read"
	}
	switch {
	case strings.HasPrefix(path, "/zones"):
		return "Zone: Workers Routes: Edit"
	case strings.HasSuffix(path, "/routes") || strings.Contains(path, "/domains/"):
		return "Zone: Workers Routes: Edit, for all zones of the account"
	case strings.Contains(path, "/queues"):
		return "Account: Queues: " + may
	case strings.Contains(path, "/d1/"):
		return "Account: D1: Edit"
	case strings.Contains(path, "/storage/kv/"):
		return "Account: Workers KV Storage: " + may
	case strings.Contains(path, "/r2/"):
		return "Account: Workers R2 Storage: " + may
	case strings.Contains(path, "/tails"):
		return "Account: Workers Tail: Read"
	case strings.HasPrefix(path, "/accounts/") && strings.Contains(path, "/workers/"):
		return "Account: Workers Scripts: " + may
	}
	return "Account: Account Settings: Read"
}

// failed puts what was attempted before an error. It takes away what net/http and cloudflare-go put before it: the whole URL.
func failed(attempt string, err error) error {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*Error](err); ok {
		err = refused
	} else if broken, ok := errors.AsType[*connectionError](err); ok {
		err = broken
	}
	return fmt.Errorf("%s: %w", attempt, err)
}

func hasCode(err error, codes ...int) bool {
	refused, ok := errors.AsType[*Error](err)
	for _, c := range codes {
		if ok && refused.Code == c {
			return true
		}
	}
	return false
}

// IsMissing reports whether a Worker is not there.
func IsMissing(err error) bool { return hasCode(err, codeNoWorker, codeNoEnvironment, 10092) }

// IsNotFound reports whether what was asked for is not there.
func IsNotFound(err error) bool { return status(err) == http.StatusNotFound }

// IsNoBucket reports whether an R2 bucket, perhaps that of an object, is not there.
func IsNoBucket(err error) bool { return hasCode(err, codeNoBucket) }

// IsNoObject reports whether an R2 bucket, which is there, has no such object.
func IsNoObject(err error) bool { return IsNotFound(err) && !IsNoBucket(err) }

// IsNoNamespace reports whether a KV namespace, perhaps that of a key, is not there.
func IsNoNamespace(err error) bool { return hasCode(err, codeNoNamespace) }

// IsNoKey reports whether a KV namespace has no such key.
func IsNoKey(err error) bool { return hasCode(err, codeNoKey) }

// IsTagConflict reports whether an upload was refused because the object migrations on the server are others than it was told.
func IsTagConflict(err error) bool { return hasCode(err, codeMigrationTag) }

// IsSecretChange reports whether a version was refused because secrets have changed since it was made.
func IsSecretChange(err error) bool { return hasCode(err, codeSecretChanged) }

// lacksPermission reports whether the token lacks a permission, rather than being wrong.
func lacksPermission(err error) bool {
	return hasCode(err, codeAuthentication) && status(err) == http.StatusForbidden
}

// IsForbidden reports whether the token may not do something.
func IsForbidden(err error) bool { return status(err) == http.StatusForbidden }

func status(err error) int {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Status
	}
	return 0
}
