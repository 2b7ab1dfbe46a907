-- Who people are. Ids are UUIDv7 text, times are integer milliseconds UTC.

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  email_norm TEXT NOT NULL,
  email_verified_at INTEGER,
  name TEXT NOT NULL,
  avatar_url TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'banned', 'deleting')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  last_login_at INTEGER
) WITHOUT ROWID;

-- An address belongs to one account once somebody has proved that it is theirs; before that it claims nothing.
CREATE UNIQUE INDEX users_email ON users (email_norm) WHERE email_verified_at IS NOT NULL;

-- How a user signs in. The provider's subject is the key, never the e-mail address.
CREATE TABLE identities (
  provider TEXT NOT NULL,
  provider_subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  email_at_link TEXT NOT NULL,
  linked_at INTEGER NOT NULL,
  PRIMARY KEY (provider, provider_subject)
) WITHOUT ROWID;
CREATE INDEX identities_user ON identities (user_id);

-- Sign-ins under way. The browser holds the state and a cookie, here are only their hashes.
CREATE TABLE login_flows (
  state_hash TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  secrets_enc TEXT NOT NULL, -- nonce and PKCE verifier, sealed for this state
  browser_binding_hash TEXT NOT NULL,
  return_to TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) WITHOUT ROWID;
CREATE INDEX login_flows_expires ON login_flows (expires_at);

-- What happened to accounts, for their owners and for support. No tokens, no full addresses.
CREATE TABLE auth_audit (
  id TEXT PRIMARY KEY,
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  event TEXT NOT NULL,
  provider TEXT NOT NULL DEFAULT '',
  ip_prefix TEXT NOT NULL,
  device_name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX auth_audit_user ON auth_audit (user_id, created_at);
