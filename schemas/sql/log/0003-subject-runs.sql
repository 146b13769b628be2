-- SPDX-License-Identifier: Apache-2.0
-- Whose records are where: one row for each complete block of 4 096 records. items: of every record with a subject tag its hash
-- (4 bytes) and its place in the block (2 bytes), sorted. Meaning: schemas/log-format.md section 4.
CREATE TABLE subject_run (
    idx      INTEGER PRIMARY KEY,
    t_min_us INTEGER NOT NULL,
    t_max_us INTEGER NOT NULL,
    items    BLOB NOT NULL
) STRICT;

PRAGMA user_version = 3;
