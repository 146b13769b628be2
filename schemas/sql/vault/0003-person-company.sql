-- SPDX-License-Identifier: Apache-2.0
-- Who ever belonged to a company: for the entries of one company (as it was at the time).
CREATE INDEX person_company ON person (company) WHERE company <> '';

PRAGMA user_version = 3;
