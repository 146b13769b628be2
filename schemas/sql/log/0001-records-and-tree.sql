-- SPDX-License-Identifier: Apache-2.0
-- log.db: records, tree, checkpoints and the projections written with them. Meaning of each: schemas/log-format.md section 4.
PRAGMA application_id = 0x534B4C47;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- header is the truth; door repeats its field for the index, leaf names a damaged record.
CREATE TABLE record (
    seq    INTEGER PRIMARY KEY,
    door   INTEGER NOT NULL,
    header BLOB NOT NULL CHECK (length(header) = 55),
    salt   BLOB NOT NULL CHECK (length(salt) = 32),
    body   BLOB NOT NULL CHECK (length(body) <= 4096),
    leaf   BLOB NOT NULL CHECK (length(leaf) = 32)
) STRICT;
CREATE INDEX record_door ON record (door) WHERE door <> 0;

CREATE TABLE node (
    level INTEGER NOT NULL CHECK (level >= 8),
    idx   INTEGER NOT NULL,
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE tree (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    size     INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;
INSERT INTO tree (id, size, frontier) VALUES (1, 0, x'');

CREATE TABLE checkpoint (
    number INTEGER PRIMARY KEY,
    size   INTEGER NOT NULL UNIQUE,
    root   BLOB NOT NULL CHECK (length(root) = 32),
    note   TEXT NOT NULL
) STRICT;

-- One row for each complete block of 256 records: lets a reader skip what cannot match.
CREATE TABLE span (
    idx      INTEGER PRIMARY KEY,
    t_min_us INTEGER NOT NULL,
    t_max_us INTEGER NOT NULL,
    classes  INTEGER NOT NULL
) STRICT;

CREATE TABLE number (
    kind   TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 65535),
    id     TEXT NOT NULL,
    PRIMARY KEY (kind, number),
    UNIQUE (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
    occurrence     INTEGER PRIMARY KEY,
    open           INTEGER NOT NULL CHECK (open IN (0, 1)),
    bits           INTEGER NOT NULL,
    severity       INTEGER NOT NULL,
    condition      INTEGER NOT NULL,
    source         TEXT NOT NULL,
    detail         TEXT NOT NULL,
    place          TEXT NOT NULL,
    value          REAL,
    limit_value    REAL,
    quality        INTEGER NOT NULL,
    quality_reason INTEGER NOT NULL,
    raised_us      INTEGER NOT NULL,
    since_us       INTEGER NOT NULL,
    returned_us    INTEGER NOT NULL,
    acked_us       INTEGER NOT NULL,
    acked_by       TEXT NOT NULL,
    raise_seq      INTEGER NOT NULL,
    last_seq       INTEGER NOT NULL
) STRICT;
CREATE INDEX alarm_open ON alarm (occurrence) WHERE open = 1;

CREATE TABLE pending (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
