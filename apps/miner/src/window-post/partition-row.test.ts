import { describe, expect, it } from 'vitest'
import { parseRowId, rowId } from './partition-row.js'

describe('the name of a partition’s duty', () => {
  it('reads back, also from before genesis', () => {
    const key = { periodStart: -1_234, deadline: 47, partition: 0 }
    expect(rowId(key)).toBe('-1234/47/0')
    expect(parseRowId(rowId(key))).toEqual(key)
  })
  it('is nothing else: no path, no sign, no space', () => {
    for (const text of ['', '1/2', '1/2/3/4', '1/-2/3', '1/2/../3', ' 1/2/3', '1/2/3\n', '1e9/2/3'])
      expect(parseRowId(text)).toBeUndefined()
  })
})
