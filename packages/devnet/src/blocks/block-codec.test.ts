import { readFileSync } from 'node:fs'
import { dagCborCid, parseCid } from '@sealane/actors'
import { type Json, parseJson, shapes } from '@sealane/chain'
import { describe, expect, it } from 'vitest'
import { blockCid, blockHeaderCodec } from './block-codec.js'
import { messageObjects, receiptObjects } from './block-messages.js'

interface Recorded {
  request: { params: Json[] }
  response: { result: Json }
}

function recorded(name: string): Recorded {
  const text = readFileSync(new URL(`./vectors/${name}.json`, import.meta.url), 'utf8')
  return parseJson(text) as unknown as Recorded
}

const asked = (exchange: Recorded) => shapes.cid.read(exchange.request.params[0] ?? null, 'params[0]')

describe('a block header', () => {
  it.each(['ChainGetBlock', 'ChainGetBlock--bls-and-secp', 'ChainGetBlock--genesis'])(
    'has the CID a real node gave it: %s',
    (name) => {
      const exchange = recorded(name)
      const header = shapes.blockHeader.read(exchange.response.result, name)
      expect(blockCid(header)).toBe(asked(exchange))
      expect(blockHeaderCodec.decode(blockHeaderCodec.encode(header))).toEqual(header)
      expect(shapes.blockHeader.write(header, 't')).toEqual(exchange.response.result)
    },
  )
  it('is the very bytes a real node keeps', () => {
    const exchange = recorded('ChainReadObj--block-bls-and-secp')
    const bytes = shapes.base64.read(exchange.response.result, 'result')
    expect(dagCborCid(bytes)).toBe(asked(exchange))
    expect(blockHeaderCodec.encode(blockHeaderCodec.decode(bytes))).toEqual(bytes)
  })
})

describe("a block's messages and receipts", () => {
  it('have the roots of a real block', () => {
    const block = shapes.blockHeader.read(recorded('ChainGetBlock--bls-and-secp').response.result, 'block')
    const { bls, secp } = shapes.blockMessages.read(
      recorded('ChainGetBlockMessages--bls-and-secp').response.result,
      'messages',
    )
    // A block keeps no BLS signatures of its own; their CIDs do not need them.
    const signed = [
      ...secp,
      ...bls.map((message) => ({ message, signature: { type: 2 as const, data: new Uint8Array(96) } })),
    ]
    expect(messageObjects(signed)[0].cid).toBe(block.messages)
  })
  it('are the well-known empty roots when there are none', () => {
    expect(messageObjects([])[0].cid).toBe('bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba')
    expect(receiptObjects([])[0].cid).toBe('bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6')
  })
  it('grow a level when a node is full', () => {
    const some = (count: number) =>
      receiptObjects(
        Array.from({ length: count }, (_, gasUsed) => ({ exitCode: 0, return: new Uint8Array(), gasUsed })),
      )
    expect(some(8)).toHaveLength(1)
    expect(some(9)).toHaveLength(1 + 2)
    expect(some(65)).toHaveLength(1 + 9 + 2)
    for (const { cid, bytes } of some(65)) expect(dagCborCid(bytes)).toBe(parseCid(cid))
  })
})
