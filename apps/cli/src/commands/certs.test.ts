import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadIdentity } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.js'

describe('certs', () => {
  const dir = join(temporaryDirectory(), 'tls')

  it('init makes the authority once; issue makes what the apps load; show lists it', async () => {
    const missing = await runCommand(`certs issue miner --dir ${dir}`)
    expect(missing.err).toContain(`no authority in ${dir}: make one with "sealane certs init --dir ${dir}"`)
    expect((await runCommand(`certs init --dir ${dir}`)).out).toMatch(/^made an authority in /)
    const first = readFileSync(join(dir, 'ca.crt'), 'utf8')
    expect((await runCommand(`certs init --dir ${dir}`)).out).toMatch(/ is kept\n/)
    expect(readFileSync(join(dir, 'ca.crt'), 'utf8')).toBe(first)

    const out = join(dir, 'for-provider')
    const issued = await runCommand(
      `certs issue provider --dir ${dir} --host provider.example --host 203.0.113.7 --name abroad --days 90 --out ${out}`,
    )
    expect(issued.code).toBe(0)
    expect(loadIdentity(out, 'provider').role).toBe('provider')
    expect(existsSync(join(out, 'ca.key'))).toBe(false)
    expect(statSync(join(out, 'provider.key')).mode & 0o777).toBe(0o600)
    expect(new X509Certificate(readFileSync(join(out, 'provider.crt'))).subjectAltName).toContain(
      'provider.example',
    )

    const { out: table, code } = await runCommand(`certs show --dir ${out}`)
    expect(code).toBe(0)
    expect(table).toMatch(/^File +Role +Name +Hosts +Expires +Key +Status\nca\.crt +ca /)
    expect(table).toMatch(
      /provider\.crt +provider +abroad +provider\.sealane\.internal provider\.example 203\.0\.113\.7 +\S+ \((89|90) days\) +here +ok\n$/,
    )
  })

  it('show and doctor say what is wrong', async () => {
    await runCommand(`certs issue worker --dir ${dir} --days 20`)
    rmSync(join(dir, 'worker.key'))
    const { out } = await runCommand(`certs show --dir ${dir}`)
    expect(out).toContain('has no key beside it: sealane certs issue worker')
    const later = await runCommand(`certs show --dir ${dir}`, {}, { nowMs: Date.now() + 40 * 86_400_000 })
    expect(later.code).toBe(1)
    expect(later.out).toContain('has expired: sealane certs issue worker')
    const doctor = await runCommand(
      'doctor',
      { SEALANE_TLS_DIR: dir },
      { nowMs: Date.now() + 40 * 86_400_000 },
    )
    expect(doctor.code).toBe(1)
    expect(doctor.out).toMatch(/FAIL {2}certificate worker +has expired\n +→ sealane certs issue worker\n/)
  })

  it('renew issues again what ends soon, with its name and hosts, and keeps the old pair', async () => {
    const out = join(dir, 'for-renewal')
    await runCommand(
      `certs issue provider --dir ${dir} --host provider.example --name abroad --days 20 --out ${out}`,
    )
    await runCommand(`certs issue redis --dir ${dir} --host 10.0.0.2 --out ${out}`)
    const before = readFileSync(join(out, 'provider.crt'), 'utf8')
    const renewed = await runCommand(`certs renew --dir ${dir} --out ${out}`)
    expect(renewed.out).toMatch(/provider\.crt .* abroad .* provider\.example .*\((364|365) days\)/)
    expect(renewed.out).not.toContain('redis.crt')
    expect(readFileSync(join(out, 'provider.crt.old'), 'utf8')).toBe(before)
    expect(loadIdentity(out, 'provider').certificate).not.toBe(before)
    expect((await runCommand(`certs renew --dir ${dir} --out ${out}`)).out).toMatch(
      /ends within 30 days: name roles/,
    )
    expect((await runCommand(`certs renew redis --dir ${dir} --out ${out}`)).out).toContain('10.0.0.2')
    expect((await runCommand(`certs renew worker --dir ${dir} --out ${out}`)).err).toContain(
      'there is no worker.crt in',
    )
  })

  it('refuses a role that no app plays', async () => {
    expect((await runCommand(`certs issue king --dir ${dir}`)).err).toMatch(
      /^ERROR: the role is provider or sealer or .*, not "king"\n$/,
    )
    expect((await runCommand('certs show --dir /nonexistent')).err).toContain('sealane certs init --dir DIR')
  })
})
