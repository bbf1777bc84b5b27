import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseBook } from '../connect/state-file.js'
import { type MadeDeal, madeDeal } from './propose.js'

/** The client's deals, one JSON line each: all it needs to ask a provider about them. */
export class DealBook {
  readonly #file: string

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    this.#file = join(dir, 'deals.jsonl')
  }

  add(deal: MadeDeal): void {
    appendFileSync(this.#file, `\n${JSON.stringify(deal)}\n`, { mode: 0o600, flush: true })
  }

  list(): MadeDeal[] {
    if (!existsSync(this.#file)) return []
    return parseBook(readFileSync(this.#file, 'utf8'), madeDeal)
  }
}
