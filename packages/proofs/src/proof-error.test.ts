import { describe, expect, it } from 'vitest'
import { ProofError } from './proof-error.js'

describe('an error from the addon', () => {
  it('carries its code and remedy', () => {
    const error = ProofError.fromNative('SECTOR_FAULTY: sector 7 cannot be proven: no such leaf')
    expect(error).toMatchObject({
      code: 'SECTOR_FAULTY',
      remedy: 'hold',
      message: 'sector 7 cannot be proven: no such leaf',
    })
  })

  it('may pass by itself when nothing else is known about it', () => {
    for (const text of ['no colon', 'UNHEARD_OF: text', '']) {
      expect(ProofError.fromNative(text)).toMatchObject({
        code: 'NATIVE_FAILED',
        remedy: 'retry',
        message: text,
      })
    }
  })
})
