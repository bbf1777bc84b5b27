import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { commandPage } from './command-page.js'

it('is what docs/generated/cli.md holds: npm run generate', async () => {
  const page = readFileSync(new URL('../../../../docs/generated/cli.md', import.meta.url), 'utf8')
  expect(await commandPage()).toBe(page)
})
