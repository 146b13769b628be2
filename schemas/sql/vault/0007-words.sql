-- SPDX-License-Identifier: Apache-2.0
-- Texts that people typed (reasons, comments), by the commitment that the log's record holds; tag: of the text. Erasing deletes
-- the row; with the salt the commitment in the log is dumb.
CREATE TABLE words (
    id      BLOB PRIMARY KEY CHECK (length(id) = 32),
    salt    BLOB NOT NULL CHECK (length(salt) = 32),
    tag     INTEGER NOT NULL,
    text    TEXT NOT NULL,
    told_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 7;
