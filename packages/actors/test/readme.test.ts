import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { attoFil } from '@sealane/fil-units'
import { describe, expect, it } from 'vitest'
import {
  bitfield,
  declareFaultsRecoveredParams,
  decodeMessage,
  encodeMessage,
  idAddress,
  type Message,
  messageCid,
  minerMethods,
  parseAddress,
  signingBytes,
} from '../src/index.js'
import { hex } from './recorded.js'

describe('the example of the README', () => {
  it('makes a message, names it and says what to sign', () => {
    const message: Message = {
      version: 0,
      to: idAddress(1000),
      from: parseAddress(
        't3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq',
      ),
      nonce: 7,
      value: attoFil(0n),
      gasLimit: 30_000_000,
      gasFeeCap: attoFil(100_601n),
      gasPremium: attoFil(99_547n),
      method: minerMethods.DeclareFaultsRecovered,
      params: declareFaultsRecoveredParams.encode({
        recoveries: [{ deadline: 1, partition: 0, sectors: bitfield.of([3]) }],
      }),
    }
    const cid = messageCid(message) // what the chain will call it, as the sender is a BLS key
    const toSign = signingBytes(message) // 38 bytes

    expect(cid).toMatch(/^bafy2bzace/)
    expect(toSign).toHaveLength(38)
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
    // The same declaration as recorded on a real network.
    expect(hex(message.params)).toBe('8181830100427002')
  })

  it('is what the README shows', () => {
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
    const shown = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]?.trim() ?? 'no example'
    const here = readFileSync(import.meta.filename, 'utf8').replaceAll(/^ {4}/gm, '')
    expect(here).toContain(shown)
  })
})
