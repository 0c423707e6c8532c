-- What was asked for and what is true of it. Keys are ids in lower case, compared byte by byte: everything in a resource is one range,
-- from key || '/' to key || '0' ('0' follows '/').
CREATE TABLE resources (
  n INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  type_key TEXT NOT NULL,
  parent TEXT NOT NULL,          -- key of what it lies in directly; empty at the tenant
  generation INTEGER NOT NULL,
  etag TEXT NOT NULL,
  deleting INTEGER NOT NULL,
  inert INTEGER NOT NULL,        -- true as soon as it is written: nothing else makes it due but its deletion
  asked TEXT NOT NULL,           -- JSON: location, tags, envelope, properties
  settled INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  status TEXT NOT NULL,          -- JSON: waitingFor, fault, outputs
  due_ms INTEGER,
  mark INTEGER NOT NULL,         -- grows each time that it becomes due
  created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  changed_by TEXT NOT NULL
) STRICT;
CREATE INDEX resources_parent ON resources (parent, key);
CREATE INDEX resources_type ON resources (type_key, key);
CREATE INDEX resources_due ON resources (due_ms, key) WHERE due_ms IS NOT NULL;

-- What a resource refers to: keys as written, which may name a part of a resource.
CREATE TABLE resource_references (
  from_n INTEGER NOT NULL REFERENCES resources (n) ON DELETE CASCADE,
  to_key TEXT NOT NULL,
  PRIMARY KEY (from_n, to_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_references_to ON resource_references (to_key, from_n);

CREATE TABLE operations (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,       -- in lower case
  resource TEXT NOT NULL,
  resource_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  generation INTEGER NOT NULL,
  status TEXT NOT NULL,
  error TEXT,                    -- JSON
  result TEXT,                   -- JSON
  started_at TEXT NOT NULL,
  ended_at TEXT,
  principal TEXT NOT NULL
) STRICT;
CREATE INDEX operations_open ON operations (resource_key) WHERE ended_at IS NULL;
CREATE INDEX operations_ended ON operations (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL            -- JSON
) STRICT, WITHOUT ROWID;
