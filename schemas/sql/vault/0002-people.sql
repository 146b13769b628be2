-- SPDX-License-Identifier: Apache-2.0
-- Names. Labels as they were, one row per roster version that gave them; ref is the house's own number of a person (staff
-- number), by which imports find him again. Erasing a person deletes his rows, and with the salt the commitment in the log is dumb.
CREATE TABLE person (
    id       TEXT NOT NULL,
    version  INTEGER NOT NULL,
    ref      TEXT NOT NULL,
    name     TEXT NOT NULL,
    furigana TEXT NOT NULL,
    company  TEXT NOT NULL,
    salt     BLOB NOT NULL CHECK (length(salt) = 32),
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_ref ON person (ref) WHERE ref <> '';

-- The number printed on a card, which reception reads.
CREATE TABLE card (
    id      TEXT PRIMARY KEY,
    printed TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
