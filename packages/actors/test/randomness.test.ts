import { epoch } from '@sealane/fil-units'
import { lotusRecording, type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  type Address,
  address,
  drawRandomness,
  drawRandomnessFromDigest,
  minerEntropy,
  type RandomnessTag,
  randomnessTags,
} from '../src/index.js'
import { bytes, codeOf, hex, isUnsafe } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'randomness.json')

describe('recorded randomness', () => {
  it.each(recorded<RecordedCase & { name: string; value: number }>('tag'))('$name is $value', (c) => {
    expect(Object.entries(randomnessTags)).toContainEqual([c.name, c.value])
  })

  it.each(
    recorded<
      RecordedCase & {
        tag: string
        tag_value: number
        base: string
        base_digest: string
        epoch: number | string
        entropy: string
        entropy_is_cbor_address: Address | null
        randomness: string
      }
    >('draw'),
  )('draws $tag at $epoch', (c) => {
    const tag = c.tag_value as RandomnessTag
    if (isUnsafe(c.epoch)) {
      expect(codeOf(() => epoch(Number(c.epoch)))).toBe('EPOCH_INVALID')
      return
    }
    const at = epoch(Number(c.epoch))
    expect(hex(drawRandomness(bytes(c.base), tag, at, bytes(c.entropy)))).toBe(c.randomness)
    expect(hex(drawRandomnessFromDigest(bytes(c.base_digest), tag, at, bytes(c.entropy)))).toBe(c.randomness)
    if (c.entropy_is_cbor_address !== null)
      expect(hex(address.encode(c.entropy_is_cbor_address))).toBe(c.entropy)
  })
})

interface LotusDraw {
  kind: string
  personalization: RandomnessTag
  epoch: number
  entropyHex: string
  baseDigestHex: string
  resultHex: string
}

describe('randomness drawn by a real Lotus', () => {
  const { items } = lotusRecording<{ items: LotusDraw[] }>('randomness.json')

  it.each(items)('$kind at $epoch', (c) => {
    const drawn = drawRandomnessFromDigest(
      bytes(c.baseDigestHex),
      c.personalization,
      epoch(c.epoch),
      bytes(c.entropyHex),
    )
    expect(hex(drawn)).toBe(c.resultHex)
    if (c.entropyHex !== '') expect(hex(minerEntropy(1000))).toBe(c.entropyHex)
  })
})
