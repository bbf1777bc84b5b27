import type { Migration } from '@sealane/sql'

/** How many names of deals each UTC day has brought from abroad: what comes from there is bounded by the day. */
export const offerDaysMigration: Migration = {
  name: '0003-offer-days',
  statements: [`CREATE TABLE offer_days (day TEXT PRIMARY KEY, offers INTEGER NOT NULL) WITHOUT ROWID`],
}
