-- SPDX-License-Identifier: Apache-2.0
-- The roster's changes by version, beside the records they are (class roster): what the collector loads at its start.
-- Opaque ids only; body is that of the record. Written in the transaction of its record.
CREATE TABLE roster_change (
    version INTEGER PRIMARY KEY,
    seq     INTEGER NOT NULL UNIQUE,
    ev      INTEGER NOT NULL,
    entity  TEXT NOT NULL,
    person  TEXT,
    body    BLOB NOT NULL
) STRICT;
CREATE INDEX roster_change_entity ON roster_change (entity);
CREATE INDEX roster_change_person ON roster_change (person) WHERE person IS NOT NULL;

PRAGMA user_version = 2;
