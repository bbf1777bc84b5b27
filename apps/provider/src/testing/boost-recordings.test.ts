import { dealProtocols } from '@sealane/market'
import { describe, expect, it } from 'vitest'
import {
  cliRecordings,
  exchanges,
  httpRecordings,
  otherRecordings,
  ruleFor,
  rules,
} from './boost-recordings.js'

/** Where each recording is compared. A recording of a form that no suite takes has no place here, and fails. */
function suiteOf(name: string, protocol: string | undefined): string {
  if (/^3-status-[a-z0-9-]+?-\d\d-(?!error)|^4-http-|^5-cli-import/.test(name))
    return 'boost-transfers.test.ts'
  if (/^3-status-|^1-|^4-client-(?:deal-status|provider)/.test(name)) return 'boost-queries.test.ts'
  if (dealProtocols.some((one) => one === protocol) || name.startsWith('2-filter-stdin'))
    return 'boost-proposals.test.ts'
  throw new TypeError(`recording ${name} is compared nowhere, and no rule says why`)
}

describe('every recording of a real Boost', () => {
  const all = [
    ...exchanges,
    ...httpRecordings.map(({ name }) => ({ name, protocol: undefined })),
    ...cliRecordings.map(({ name }) => ({ name, protocol: undefined })),
    ...otherRecordings.map(({ name }) => ({ name, protocol: undefined })),
  ]

  it('is compared in one suite, or has a reason why it is not', () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(406)
    for (const { name, protocol } of all) {
      const rule = ruleFor(name)
      if (rule.outcome === 'not compared') expect(rule.why).not.toBe('')
      else expect(suiteOf(name, protocol)).toMatch(/test\.ts$/)
      if (rule.outcome === 'ours') expect(rule.why).not.toBe('')
    }
  })

  it('is told of by no rule in vain', () => {
    const used = new Set(all.map(({ name }) => ruleFor(name)))
    expect(rules.filter((rule) => !used.has(rule))).toEqual([])
  })
})
