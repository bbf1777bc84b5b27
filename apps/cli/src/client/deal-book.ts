import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseBook } from '../connect/state-file.js'
import { type MadeDeal, madeDeal } from './made-deal.js'

/** The client's deals, one JSON line each: all it needs to ask a provider about them. A deal's last line counts. */
export class DealBook {
  readonly #file: string

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    this.#file = join(dir, 'deals.jsonl')
  }

  add(deal: MadeDeal): void {
    appendFileSync(this.#file, `\n${JSON.stringify(deal)}\n`, { mode: 0o600, flush: true })
  }

  /** Those that were refused are left out. */
  list(): MadeDeal[] {
    if (!existsSync(this.#file)) return []
    const lines = parseBook(readFileSync(this.#file, 'utf8'), madeDeal)
    const last = new Map(lines.map((deal) => [deal.dealUuid, deal]))
    return [...last.values()].filter((deal) => deal.answer !== 'refused')
  }
}
