-- SPDX-License-Identifier: Apache-2.0
-- Samples over time. point: the small integer of a point's id. member: which points share a clock (a column of times), and in which
-- place. journal: what came since the last sealing, one row per flush, all points together. segment: sealed columns of one clock;
-- tier 0 raw, 1 a minute, 2 a quarter of an hour, 3 a day. progress: up to which clock a generation of journal rows is sealed.
CREATE TABLE point (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    hold_ms INTEGER NOT NULL CHECK (hold_ms > 0)
) STRICT;

CREATE TABLE member (
    point INTEGER NOT NULL REFERENCES point (id),
    clock INTEGER NOT NULL,
    slot  INTEGER NOT NULL,
    PRIMARY KEY (point, clock)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    id         INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    bytes      BLOB NOT NULL
) STRICT;

CREATE TABLE progress (
    generation INTEGER PRIMARY KEY,
    upto       INTEGER NOT NULL
) STRICT;

CREATE TABLE segment (
    id       INTEGER PRIMARY KEY,
    clock    INTEGER NOT NULL,
    tier     INTEGER NOT NULL CHECK (tier BETWEEN 0 AND 3),
    start_ms INTEGER NOT NULL,
    end_ms   INTEGER NOT NULL,
    bytes    BLOB NOT NULL
) STRICT;
CREATE INDEX segment_by_clock ON segment (clock, tier, start_ms, end_ms);
CREATE INDEX segment_by_age ON segment (tier, end_ms);

PRAGMA user_version = 2;
