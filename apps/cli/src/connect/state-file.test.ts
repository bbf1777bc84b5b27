import { expect, it } from 'vitest'
import { z } from 'zod'
import { parseBook, parseStateFile } from './state-file.js'

const schema = z.object({ pid: z.int() })

it.each([
  ['torn', '{"pid":1'],
  ['empty', ''],
  ['another', '{"pid":"x"}'],
  ['null', 'null'],
])('names a file of ours that is %s, and what to do', (_what, text) => {
  expect(() => parseStateFile(text, '/home/run.json', schema)).toThrow(
    expect.objectContaining({ code: 'FILE', message: expect.stringMatching(/run\.json .*move it away/) }),
  )
})

it('passes over lines that are none of the book', () => {
  expect(parseBook('\n{"pid":1}\n{"pid":\nnull\n{"pid":2}\n{"pid', schema)).toEqual([{ pid: 1 }, { pid: 2 }])
})
