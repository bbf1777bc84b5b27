import { expect, it } from 'vitest'
import { casesOf, countKinds, vectorFiles, vectorFolder } from './recorded-file.js'
import { runners } from './runners.js'
import { vectorTable } from './vector-table.js'

it.each(vectorFiles(vectorFolder()))('%s: every kind in the folder has a test', (file) => {
  const known = Object.values(runners[file] ?? {}).flat()
  expect(known).toEqual(expect.arrayContaining([...countKinds(casesOf(vectorFolder(), file)).keys()]))
})

it('lists every file, kind and test', () => {
  const table = vectorTable()
  for (const [file, tests] of Object.entries(runners)) {
    for (const test of Object.keys(tests))
      expect(table).toMatch(new RegExp(`\\| ${file} \\| \\S+ \\| \\d+ \\| ${test}`))
  }
})
