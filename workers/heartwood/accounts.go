package heartwood

import (
	"context"
	"grove.place/lattice/workers/grove/web"
	"strings"
	"sync"
	"time"
	"unicode"

	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/heartwood/oidc"
)

// account is a row of users, as far as it is shown.
type account struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Status string `json:"status"`
}

const accountColumns = `u.id, u.name, u.email, u.status FROM users u`

// errUnverified means that a provider does not vouch for the address of somebody it has not sent before.
var errUnverified = &web.Problem{Status: 403, Code: "email_unverified", Title: "Your e-mail address is not verified",
	Message: "Verify the address with the service that you signed in with, then sign in again."}

// resolve finds the account of an identity, or makes one. The provider's subject decides; an e-mail address joins
// an identity to an account only when the provider and we have both verified it.
func resolve(ctx context.Context, provider string, who oidc.Identity, now time.Time) (account, error) {
	for attempt := 0; ; attempt++ {
		var found account
		ok, err := db.Prepare(`SELECT `+accountColumns+` JOIN identities i ON i.user_id = u.id WHERE i.provider = ? AND i.provider_subject = ?`).
			Bind(provider, who.Subject).First(ctx, &found)
		if err != nil || ok {
			return found, err
		}
		if !who.EmailVerified || !plausibleEmail(who.Email) {
			return account{}, errUnverified
		}
		ok, err = db.Prepare(`SELECT `+accountColumns+` WHERE u.email_norm = ? AND u.email_verified_at IS NOT NULL`).
			Bind(normalEmail(who.Email)).First(ctx, &found)
		if err != nil {
			return account{}, err
		}
		var statements []d1.Stmt
		if !ok {
			found = account{ID: ids.New(now), Name: displayName(who), Email: strings.TrimSpace(who.Email), Status: "active"}
			statements = append(statements, insertUser(found, who, now))
		}
		_, err = db.Batch(ctx, append(statements, insertIdentity(found.ID, provider, who, now))...)
		// Another request may have made the same account or identity in between: look again, once.
		if err == nil || attempt > 0 || !strings.Contains(err.Error(), "UNIQUE") {
			return found, err
		}
	}
}

func insertUser(a account, who oidc.Identity, now time.Time) d1.Stmt {
	return db.Prepare(`INSERT INTO users (id, email, email_norm, email_verified_at, name, avatar_url, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`).
		Bind(a.ID, a.Email, normalEmail(a.Email), now.UnixMilli(), a.Name, picture(who), now.UnixMilli(), now.UnixMilli())
}

func insertIdentity(userID, provider string, who oidc.Identity, now time.Time) d1.Stmt {
	return db.Prepare(`INSERT INTO identities (provider, provider_subject, user_id, email_at_link, linked_at) VALUES (?, ?, ?, ?, ?)`).
		Bind(provider, who.Subject, userID, clip(who.Email, 320), now.UnixMilli())
}

func displayName(who oidc.Identity) string {
	if name := strings.TrimSpace(clip(oneLine(who.Name), 100)); name != "" {
		return name
	}
	name, _, _ := strings.Cut(who.Email, "@")
	return oneLine(name)
}

// oneLine leaves out of a name what would have it read as another's: line breaks and what shows text in another order.
func oneLine(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, name)
}

func picture(who oidc.Identity) string {
	if strings.HasPrefix(who.Picture, "https://") && len(who.Picture) <= 1000 {
		return who.Picture
	}
	return ""
}

func plausibleEmail(email string) bool {
	local, host, ok := strings.Cut(strings.TrimSpace(email), "@")
	return ok && local != "" && host != "" && len(email) <= 320 && !strings.ContainsFunc(email, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// audit is the statement that records what happened to an account.
func audit(userID, event, provider string, from client, now time.Time) d1.Stmt {
	return db.Prepare(`INSERT INTO auth_audit (id, user_id, event, provider, ip_prefix, device_name, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`).
		Bind(ids.New(now), userID, event, provider, ipPrefix(from.ip), from.deviceName, now.UnixMilli())
}

// Accounts are shown on every page and asked for by every open tab, so an isolate remembers them for a minute.
const (
	accountAge  = time.Minute
	maxAccounts = 1000
)

var accounts = struct {
	sync.Mutex
	known map[string]knownAccount
}{known: map[string]knownAccount{}}

type knownAccount struct {
	account
	at time.Time
}

func accountOf(ctx context.Context, userID string) (account, error) {
	now := time.Now()
	accounts.Lock()
	known, ok := accounts.known[userID]
	accounts.Unlock()
	if ok && now.Sub(known.at) < accountAge {
		return known.account, nil
	}
	var found account
	ok, err := db.Prepare(`SELECT `+accountColumns+` WHERE u.id = ?`).Bind(userID).First(ctx, &found)
	if err != nil {
		return account{}, web.Unavailable("Your account", err)
	}
	if !ok {
		return account{}, ErrSignedOut
	}
	accounts.Lock()
	defer accounts.Unlock()
	if len(accounts.known) >= maxAccounts {
		clear(accounts.known)
	}
	accounts.known[userID] = knownAccount{found, now}
	return found, nil
}
