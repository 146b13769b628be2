-- SPDX-License-Identifier: Apache-2.0
-- vault.db: what can be erased or must not leak. Accounts, and of their secrets only the SHA-256.
PRAGMA application_id = 0x534B5654;

CREATE TABLE account (
    id         TEXT PRIMARY KEY,
    roles      INTEGER NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- expires_us and idle_us 0: without that limit.
CREATE TABLE secret (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account    TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('token', 'session')),
    issued_us  INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    idle_us    INTEGER NOT NULL,
    used_us    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX secret_account ON secret (account);

PRAGMA user_version = 1;
