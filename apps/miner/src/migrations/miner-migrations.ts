import type { Migration } from '@sealane/sql'
import { minerMigration1 } from './0001-miner.js'
import { windowPostMigration } from './0002-window-post.js'

/** Every schema step of miner.db in order. A shipped one is never edited: add another. */
export const minerMigrations: readonly Migration[] = [minerMigration1, windowPostMigration]
