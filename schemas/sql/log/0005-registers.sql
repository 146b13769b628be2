-- SPDX-License-Identifier: Apache-2.0
-- The registers (permits, visits, goods ...) beside the records their acts are: an entry as it stands, and its acts. Written in the
-- transaction of the record. No names: body is that of the record, personal fields are in the vault. seq of an entry: of the
-- record that opened it.
CREATE TABLE register_entry (
    register   INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    seq        INTEGER NOT NULL UNIQUE,
    state      INTEGER NOT NULL,
    final      INTEGER NOT NULL CHECK (final IN (0, 1)),
    opened_us  INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    steps      INTEGER NOT NULL,
    PRIMARY KEY (register, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX register_entry_kept ON register_entry (final, changed_us);

CREATE TABLE register_act (
    register INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    step     INTEGER NOT NULL,
    seq      INTEGER NOT NULL UNIQUE,
    ev       INTEGER NOT NULL,
    at_us    INTEGER NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (register, number, step)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
