import { expect, it } from 'vitest'
import { leadingCid } from './section.js'

/** 2^62 as a varint: beyond what a number holds. */
const huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]

it.each([
  ['codec', [1, ...huge, 0x12, 1, 0]],
  ['hash', [1, 0x55, ...huge, 1, 0]],
])('refuses at once a CID whose %s is a number beyond all tables', (_what, bytes) => {
  expect(() => leadingCid(Uint8Array.from(bytes))).toThrow(
    expect.objectContaining({ code: 'CAR_SECTION_INVALID' }),
  )
})
