import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { retire } from './retire.js'

describe('retiring a path', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sealane-retire-'))
  const trash = join(directory, 'trash')
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('moves it to the trash with a manifest that says from where and why', async () => {
    const cache = join(directory, 'cache')
    mkdirSync(cache)
    writeFileSync(join(cache, 'p_aux'), 'x')
    const target = (await retire(cache, trash, 'starting over')) ?? ''
    expect(readdirSync(target)).toEqual(['p_aux'])
    expect(target).toMatch(/\/trash\/\d{4}-\d\d-\d\d\/cache\.[0-9a-f]{12}\/cache$/)
    const manifest = readFileSync(join(dirname(target), 'manifest.json'), 'utf8')
    expect(JSON.parse(manifest)).toMatchObject({ originalPath: cache, reason: 'starting over' })
  })

  it('leaves what is empty or missing', async () => {
    const empty = join(directory, 'empty')
    mkdirSync(empty)
    expect(await retire(empty, trash, '')).toBeUndefined()
    expect(await retire(join(directory, 'missing'), trash, '')).toBeUndefined()
  })
})
