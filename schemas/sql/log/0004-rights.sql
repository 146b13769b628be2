-- SPDX-License-Identifier: Apache-2.0
-- Facts about rights beside the records they are, and the newest use of each zone by each person; both are written in the
-- transaction of their record. Opaque ids only. last_use is filled from the log: bytes 18-19 of a header are the zone, 22-23
-- the event (acc.granted, acc.taken), 40-55 the person's tag.
CREATE TABLE rights_fact (
    seq  INTEGER PRIMARY KEY,
    t_us INTEGER NOT NULL,
    ev   INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE last_use (
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    zone    BLOB NOT NULL CHECK (length(zone) = 2),
    seq     INTEGER NOT NULL,
    PRIMARY KEY (subject, zone)
) STRICT, WITHOUT ROWID;

INSERT INTO last_use (subject, zone, seq)
    SELECT substr(header, 40, 16), substr(header, 18, 2), max(seq) FROM record
    WHERE substr(header, 22, 2) IN (x'0101', x'0102') AND substr(header, 40, 16) <> zeroblob(16)
    GROUP BY 1, 2;

PRAGMA user_version = 4;
