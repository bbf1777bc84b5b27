import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

type Load = (specifier: string) => Promise<unknown>
type Run = (load: Load) => Promise<void>
const AsyncFunction = (async () => {}).constructor as new (parameter: string, body: string) => Run

const packages = join(import.meta.dirname, '../packages')
const readme = (name: string) => readFileSync(join(packages, name, 'README.md'), 'utf8')
const example = (name: string) => /```ts\n([\s\S]*?)```/.exec(readme(name))?.[1] ?? ''
/** Those whose example is itself a test hold it against the README beside it. */
const shownElsewhere = (name: string) =>
  ['src', 'test'].some((folder) => existsSync(join(packages, name, folder, 'readme.test.ts')))

describe.each(readdirSync(packages))('packages/%s', (name) => {
  it('says in its README what it owns and what not', () => {
    expect(readme(name)).toContain(`# @sealane/${name}\n`)
    expect(readme(name)).toContain('**Owns**')
    expect(readme(name)).toContain('**Does not own**')
    expect(example(name)).toContain(`@sealane/${name}'`)
  })

  if (shownElsewhere(name)) return
  it('does what its README shows', async () => {
    const body = example(name).replace(/^import (\{[^}]*\}) from ('.*')$/gm, 'const $1 = await load($2)')
    await new AsyncFunction('load', body)((specifier) => import(specifier))
  })
})
