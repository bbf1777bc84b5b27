import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createAuthority, issueCertificate, loadIdentity } from './certificates.js'

const dir = mkdtempSync(join(tmpdir(), 'sl-ca-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('an authority', () => {
  it('that was killed before its key was written is made anew, and one that is whole stays', async () => {
    await createAuthority(dir)
    rmSync(join(dir, 'ca.key'))
    await createAuthority(dir)
    const whole = readFileSync(join(dir, 'ca.crt'), 'utf8')
    await createAuthority(dir)
    expect(readFileSync(join(dir, 'ca.crt'), 'utf8')).toBe(whole)
    await issueCertificate(dir, { role: 'miner' })
    expect(loadIdentity(dir, 'miner').certificate).toBeDefined()
  })
})
