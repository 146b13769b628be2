-- SPDX-License-Identifier: Apache-2.0
-- Whose account it is: a person of the roster by id; '' nobody's in particular. Two accounts of one person count as one.
ALTER TABLE account ADD COLUMN person TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 6;
