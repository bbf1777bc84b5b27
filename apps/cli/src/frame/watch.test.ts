import { expect, it } from 'vitest'
import { notesDeal } from '../testing/rows.js'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'

/** A provider whose deal moves on with each question; `stop` ends the watching after so many. */
async function movingDeal(states: readonly (string | Error)[], stop: AbortController) {
  let asked = 0
  return await scriptedApps({
    provider: {
      'deals.list': async () => {
        const state = states[Math.min(asked, states.length - 1)]
        asked += 1
        if (asked > states.length) stop.abort()
        if (state instanceof Error) throw state
        return [notesDeal({ state })]
      },
    },
  })
}

it('appends to a pipe what changed, and ends cleanly with Ctrl-C', async () => {
  const stop = new AbortController()
  const env = await movingDeal(['Transferring', 'Transferring', 'Publishing'], stop)
  const { out, err, code } = await runCommand('storage-deals list --watch', env, { signal: stop.signal })
  expect(code).toBe(130)
  expect(err).toBe('')
  expect(out.match(/^ProposalCid /gm)).toHaveLength(2)
  expect(out).not.toContain('\u001b')
  expect(out).toMatch(/StorageDealTransferring.*\n.*\n.*StorageDealPublishing/)
})

it('draws in place on a screen, and goes on while an app is away', async () => {
  const stop = new AbortController()
  const env = await movingDeal(['Transferring', new Error('the disk is slow'), 'Publishing'], stop)
  const { out, err, code } = await runCommand('storage-deals list --watch', env, {
    signal: stop.signal,
    tty: true,
    nowMs: recordedNowMs,
  })
  expect(code).toBe(130)
  expect(err).toMatch(/^.*the disk is slow.*; asking again\n$/)
  expect(out.startsWith('\u001b[HProposalCid ')).toBe(true)
  expect(out.endsWith('\u001b[K\n\u001b[J')).toBe(true)
  expect(out).toContain('StorageDealPublishing')
})

it('prints one line a change with --json', async () => {
  const stop = new AbortController()
  const env = await movingDeal(['Transferring', 'Publishing'], stop)
  const { out } = await runCommand('storage-deals list --watch --json', env, { signal: stop.signal })
  const lines = out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { state: string }[])[0]?.state)
  expect(lines).toEqual(['Transferring', 'Publishing'])
})

it('fails at once when there is nothing to watch', async () => {
  const away = await runCommand('storage-deals list --watch', { SEALANE_RUNTIME_DIR: '/nonexistent' })
  expect(away.code).toBe(1)
  expect(away.err).toContain('the provider is not running')
})
