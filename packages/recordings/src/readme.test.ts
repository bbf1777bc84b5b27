import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

type Load = (specifier: string) => Promise<unknown>
type Run = (load: Load) => Promise<void>
const AsyncFunction = (async () => {}).constructor as new (parameter: string, body: string) => Run

it('does what the README shows', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  expect(example).toContain('@sealane/recordings')
  const body = example.replace(/^import (\{[^}]*\}) from ('.*')$/gm, 'const $1 = await load($2)')
  const load: Load = (specifier) =>
    specifier === '@sealane/recordings' ? import('./index.js') : import(specifier)
  await new AsyncFunction('load', body)(load)
})
