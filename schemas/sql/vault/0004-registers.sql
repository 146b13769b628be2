-- SPDX-License-Identifier: Apache-2.0
-- Personal fields of register entries, by entry and the act that said them. Erasing deletes rows; with the salt the commitment in the
-- log is dumb.
CREATE TABLE register_personal (
    entry  TEXT NOT NULL,
    step   INTEGER NOT NULL,
    salt   BLOB NOT NULL CHECK (length(salt) = 32),
    fields BLOB NOT NULL,
    PRIMARY KEY (entry, step)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
