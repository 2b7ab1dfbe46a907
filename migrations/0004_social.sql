-- Who follows, blocks and hears of whom.

CREATE TABLE follows (
  follower_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  followee_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (follower_id, followee_id)
) WITHOUT ROWID;
CREATE INDEX follows_followee ON follows (followee_id, follower_id);

-- How many follow somebody, and how many did at most: whose posts are sent to followers, and whose are fetched by them.
CREATE TABLE follow_counts (
  user_id TEXT PRIMARY KEY,
  followers INTEGER NOT NULL,
  peak INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER follows_added AFTER INSERT ON follows BEGIN
  INSERT INTO follow_counts (user_id, followers, peak) VALUES (new.followee_id, 1, 1)
    ON CONFLICT (user_id) DO UPDATE SET followers = followers + 1, peak = max(peak, followers + 1);
END;
CREATE TRIGGER follows_removed AFTER DELETE ON follows BEGIN
  UPDATE follow_counts SET followers = followers - 1 WHERE user_id = old.followee_id;
END;

CREATE TABLE user_blocks (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  blocked_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('block', 'mute')),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, blocked_id)
) WITHOUT ROWID;

-- Copies of NotificationDO's groups.
CREATE TABLE notifications (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  group_key TEXT NOT NULL,
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  actors TEXT NOT NULL,                -- JSON list of user ids, the latest first
  actor_count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  read_at INTEGER,
  retracted_at INTEGER,
  seq INTEGER NOT NULL,
  PRIMARY KEY (user_id, id)
) WITHOUT ROWID;
