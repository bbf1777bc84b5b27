import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { addonPath } from './addon.js'
import { runTask } from './runner/run-task.js'

describe('the committed devnet keys', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sealane-derived-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('are, byte for byte, what their circuits’ names give', async () => {
    const place = { addonPath: addonPath(), parameterCache: directory, parentCacheDir: directory }
    const names = (await runTask({ task: 'deriveKeys', parameters: directory }, place)) as string[]
    const committed = new URL('../keys/devnet/', import.meta.url)
    expect(names.sort()).toEqual(readdirSync(committed).sort())
    for (const name of names) {
      const same = readFileSync(join(directory, name)).equals(readFileSync(new URL(name, committed)))
      expect({ name, same }).toEqual({ name, same: true })
    }
  })
})
