import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { casesOf, countKinds, type RecordedCase, vectorFolder } from './recorded-file.js'
import { runners } from './runners.js'

/** The cases of one kind; what is asked for counts as run by the test. */
export type CasesOfKind = <Case extends RecordedCase>(kind: string) => Case[]

const workspace = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * The cases of a vector file for one test file, which says who it is by `import.meta.filename`. Adds two tests: that it
 * asks for exactly the kinds that `runners` gives it, and that the file holds no kind which nobody runs.
 */
export function recordedCases(test: string, file: string): CasesOfKind {
  const cases = casesOf(vectorFolder(), file)
  const asked = new Set<string>()
  const own = runners[file]?.[relative(workspace, test)] ?? []
  it(`${file}: every kind that is this test's runs here`, () => {
    expect([...asked].sort()).toEqual([...own].sort())
  })
  it(`${file}: no kind is without a test`, () => {
    const known = Object.values(runners[file] ?? {}).flat()
    expect(known).toEqual(expect.arrayContaining([...countKinds(cases).keys()]))
  })
  return <Case extends RecordedCase>(kind: string) => {
    asked.add(kind)
    return cases.filter((one) => one.kind === kind) as Case[]
  }
}
