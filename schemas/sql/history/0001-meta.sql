-- SPDX-License-Identifier: Apache-2.0
-- history.db: samples over time. So far only the file and its version; the blocks come with the history itself.
PRAGMA application_id = 0x534B4853;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
