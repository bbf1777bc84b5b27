import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from './until.js'

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8')
const body = (text: string) => text.slice(text.indexOf('\nconst ')).replace(/\s+/g, '')

it('shows in the README a test that runs here', () => {
  const example = /```ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1] ?? ''
  expect(body(example).replaceAll(',)', ')')).toBe(body(read('example.test.ts')).replaceAll(',)', ')'))
})

it('prints the last state when a deadline passes', async () => {
  let n = 0
  const waiting = until(
    'ten',
    () => ({ n: BigInt(n++) }),
    (state) => state.n > 1_000n,
    { deadlineMs: 60 },
  )
  await expect(waiting).rejects.toThrow(/^waited 60 ms for: ten\nlast state: \{\n {2}"n": "\d+n"\n\}$/)
  const failing = until(
    'never',
    () => Promise.reject(new Error('no file')),
    () => true,
    { deadlineMs: 30 },
  )
  await expect(failing).rejects.toThrow('reading failed: Error: no file')
})
