-- SPDX-License-Identifier: Apache-2.0
-- Through which companies a person comes: from the one under contract down to his own, parted by ' > '; '' directly.
ALTER TABLE person ADD COLUMN chain TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 5;
