import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret, tokenPermission } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.js'

describe('auth', () => {
  const dir = temporaryDirectory()
  const config = join(dir, 'provider.toml')
  writeFileSync(join(dir, 'secret'), 'a secret of the operator\n')
  writeFileSync(
    config,
    `[operator]\nlisten = "10.0.0.9:7411" # tokens\njwt_secret = "file:${join(dir, 'secret')}"\n`,
  )

  it('create-token makes a token that the provider takes; api-info adds where it is', async () => {
    const { out, code } = await runCommand(`auth create-token --perm write --config ${config}`)
    expect(code).toBe(0)
    expect(await tokenPermission(new Secret('a secret of the operator'), out.trim())).toBe('write')
    const info = await runCommand(`auth api-info --perm read --config ${config}`)
    expect(info.out).toMatch(/^SEALANE_PROVIDER_API_INFO=eyJ[\w.-]+:https:\/\/10\.0\.0\.9:7411\n$/)
  })

  it('says what is missing', async () => {
    expect((await runCommand(`auth create-token --config ${config}`)).err).toBe(
      'ERROR: --perm flag not set\n',
    )
    writeFileSync(join(dir, 'bare.toml'), '[operator]\n')
    expect((await runCommand(`auth create-token --perm read --config ${dir}/bare.toml`)).err).toContain(
      'has no [operator] jwt_secret: make one',
    )
  })
})
