import type { BatchReturn } from '@sealane/actors'
import { exitCode } from './exit-code.js'

/** How each item of a batch stands so far; an item that failed stays failed. */
export class BatchOutcome<Item> {
  private readonly codes: number[]

  constructor(private readonly items: readonly Item[]) {
    this.codes = items.map(() => exitCode.ok)
  }

  /** The items that have not failed, with their positions. */
  succeeding(): { item: Item; position: number }[] {
    return this.items
      .map((item, position) => ({ item, position }))
      .filter(({ position }) => this.codes[position] === exitCode.ok)
  }

  fail(position: number, code: number): void {
    this.codes[position] = code
  }

  toReturn(): BatchReturn {
    const failCodes = this.codes.flatMap((code, idx) => (code === exitCode.ok ? [] : [{ idx, code }]))
    return { successCount: this.codes.length - failCodes.length, failCodes }
  }
}
