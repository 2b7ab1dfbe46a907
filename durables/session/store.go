package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/heartwood/keyring"
)

const (
	maxName = 128 // bytes kept of a device id or name
	maxText = 512 // bytes kept of a user agent
)

// row is a session to insert.
type row struct {
	id, accessHash, refreshToken string
	params                       CreateParams
	lifetime                     time.Duration
	now                          time.Time
}

// live is a session that has not ended.
type live struct {
	ID         string `json:"id"`
	CreatedAt  int64  `json:"created_at"`
	LastActive int64  `json:"last_active"`
	ExpiresAt  int64  `json:"expires_at"`
	Lifetime   int64  `json:"lifetime"`
}

// renewed is when the session would end if it were renewed now.
func (l live) renewed(now time.Time) time.Time {
	sliding, absolute := now.Add(time.Duration(l.Lifetime)*time.Millisecond), time.UnixMilli(l.CreatedAt).Add(AbsoluteLifetime)
	if absolute.Before(sliding) {
		return absolute
	}
	return sliding
}

// needsRefresh reports whether less than half of the session's time is left and a renewal would give it more.
func (l live) needsRefresh(now time.Time) bool {
	return l.ExpiresAt-now.UnixMilli() < l.Lifetime/2 && l.renewed(now).UnixMilli() > l.ExpiresAt
}

// insert adds a session in place of the device's earlier one and of the least recently used beyond the limit.
func (s *Session) insert(ctx context.Context, r row) error {
	device := clip(r.params.DeviceID, maxName)
	if err := s.object.Exec(ctx, `DELETE FROM sessions WHERE device_id = ? OR expires_at <= ?`, device, r.now); err != nil {
		return err
	}
	err := s.object.Exec(ctx, `INSERT INTO sessions (id, device_id, device_name, refresh_token, access_token_hash, created_at, last_active,
		expires_at, lifetime, ip_address, user_agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.id, device, clip(r.params.DeviceName, maxName), r.refreshToken, r.accessHash, r.now, r.now,
		r.now.Add(r.lifetime), r.lifetime.Milliseconds(), clip(r.params.IPAddress, maxName), clip(r.params.UserAgent, maxText))
	if err != nil {
		return err
	}
	return s.object.Exec(ctx, `DELETE FROM sessions WHERE id IN (
		SELECT id FROM sessions WHERE id != ? ORDER BY last_active DESC, created_at DESC LIMIT -1 OFFSET ?)`, r.id, MaxSessions-1)
}

func (s *Session) find(ctx context.Context, sessionID string, now time.Time) (live, bool, error) {
	l, found, err := durables.First[live](ctx, s.object.SQL(), `SELECT id, created_at, last_active, expires_at, lifetime FROM sessions
		WHERE id = ? AND expires_at > ?`, PublicID(sessionID), now)
	if err != nil {
		return live{}, false, fmt.Errorf("session: %w", err)
	}
	return l, found, nil
}

func (s *Session) touch(ctx context.Context, id string, now time.Time) error {
	return s.object.Exec(ctx, `UPDATE sessions SET last_active = ? WHERE id = ?`, now, id)
}

func (s *Session) renew(ctx context.Context, id string, now, expires time.Time, accessHash string) error {
	return s.object.Exec(ctx, `UPDATE sessions SET last_active = ?, expires_at = ?, access_token_hash = ? WHERE id = ?`, now, expires, accessHash, id)
}

// remove deletes a session by its secret or its public id. The two cannot be mistaken for each other: a
// public id is hexadecimal and longer than any secret.
func (s *Session) remove(ctx context.Context, sessionID string) (int, error) {
	gone, err := durables.All[string](ctx, s.object.SQL(), `DELETE FROM sessions WHERE id = ? OR id = ? RETURNING id`, PublicID(sessionID), sessionID)
	if err != nil {
		return 0, fmt.Errorf("session: %w", err)
	}
	return len(gone), nil
}

// removeAll deletes all sessions but one, and returns how many of them were alive.
func (s *Session) removeAll(ctx context.Context, except string, now time.Time) (int64, error) {
	expiries, err := durables.All[int64](ctx, s.object.SQL(), `DELETE FROM sessions WHERE id != ? RETURNING expires_at`, PublicID(except))
	if err != nil {
		return 0, fmt.Errorf("session: %w", err)
	}
	var alive int64
	for _, expires := range expiries {
		if expires > now.UnixMilli() {
			alive++
		}
	}
	return alive, nil
}

func (s *Session) list(ctx context.Context, now time.Time) ([]Info, error) {
	list, err := durables.All[Info](ctx, s.object.SQL(), `SELECT id, device_id AS deviceId, device_name AS deviceName, created_at AS createdAt,
		last_active AS lastActive, expires_at AS expiresAt, ip_address AS ipAddress, user_agent AS userAgent
		FROM sessions WHERE expires_at > ? ORDER BY last_active DESC, created_at DESC`, now)
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return list, nil
}

// attempts reads what is remembered of the sign-in attempts.
func (s *Session) attempts(ctx context.Context) (attempts, error) {
	stored, found, err := durables.First[struct {
		Count     int   `json:"count"`
		LockUntil int64 `json:"lock_until"`
		Last      int64 `json:"last"`
	}](ctx, s.object.SQL(), `SELECT count, lock_until, last FROM attempts`)
	if err != nil {
		return attempts{}, fmt.Errorf("session: %w", err)
	}
	if !found {
		return attempts{}, nil
	}
	a := attempts{count: stored.Count, last: time.UnixMilli(stored.Last)}
	if stored.LockUntil != 0 {
		a.lockUntil = time.UnixMilli(stored.LockUntil)
	}
	return a, nil
}

func (s *Session) keepAttempts(ctx context.Context, a attempts) error {
	if a.count == 0 {
		return s.object.Exec(ctx, `DELETE FROM attempts`)
	}
	var lockUntil int64
	if !a.lockUntil.IsZero() {
		lockUntil = a.lockUntil.UnixMilli()
	}
	return s.object.Exec(ctx, `INSERT OR REPLACE INTO attempts (only, count, lock_until, last) VALUES (1, ?, ?, ?)`, a.count, lockUntil, a.last)
}

// seal encrypts a provider's refresh token for this user and nobody else.
func (s *Session) seal(ctx context.Context, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	ring, err := keyring.Parse(workers.Getenv(ctx, "TOKEN_KEYS"))
	if err != nil {
		return "", errors.New("session: TOKEN_KEYS must hold a key before a refresh token can be stored: set kid:base64 of 32 bytes")
	}
	return ring.Seal(token, s.userID)
}

// PublicID is the SHA-256 of a secret in hexadecimal: what the object stores of it, and the id that a session is listed
// under.
func PublicID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// secret is 256 random bits as text.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func clip(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	return strings.ToValidUTF8(text, "")
}
