import type { MessageRow } from '@sealane/proto'
import { until } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.js'
import { runningDevnet } from '../testing/running-devnet.js'
import { scriptedApps } from '../testing/scripted-apps.js'

const cid = 'bafy2bzacedsl5bz2wx3v2isprsjivehgmeqo4tpp2jupo55jutw66pcplbing'
const sender = 't3r55bj7ng334apf3iy4ytrwwmeovrongerccqlxyjpgdlgoau4y7kckcruvozywxt35vvp2d72gdmtu42nu3a'
const row: MessageRow = {
  uuid: 'u',
  requestId: 'r',
  class: 'publish',
  state: 'Pushed',
  stateSinceMs: 0,
  waiting: null,
  failure: null,
  from: sender.replace(/^t/, 'f'),
  to: 'f05',
  nonce: 52,
  value: '0',
  method: 4,
  methodName: 'PublishStorageDeals',
  cid: 'bafy2bzacebdelbcqhf5smegmjsjqtuyyt3smo2e7kkbrkpshhyub3hrzzz33m',
  gasFeeCap: '500000',
  gasPremium: '220001',
  gasLimit: 1_000_000,
  includedEpoch: null,
  exitCode: null,
  reason: '',
}

describe('mpool replace', () => {
  async function miner() {
    const asked: unknown[] = []
    const env = await scriptedApps({
      miner: {
        'messages.replace': async (params) => {
          asked.push(params)
          return row
        },
      },
    })
    return { asked, run: (line: string) => runCommand(`mpool replace ${line}`, env) }
  }

  // Source of the text: filecoin-project/lotus cli/mpool.go (MpoolReplaceCmd), with its two blanks.
  it('names the message by CID, or by sender and nonce, and prints lotus’ line', async () => {
    const { asked, run } = await miner()
    expect((await run(`--auto ${cid}`)).out).toBe(`new message cid:  ${row.cid}\n`)
    await run(`--auto --fee-limit 0.01 ${sender} 52`)
    await run(`--gas-premium 220001 --gas-feecap 500000 --gas-limit 2000000 ${cid}`)
    expect(asked).toEqual([
      { id: cid, auto: true },
      { from: row.from, nonce: 52, auto: true, feeLimit: '10000000000000000' },
      { id: cid, auto: false, gasPremium: '220001', gasFeeCap: '500000', gasLimit: 2_000_000 },
    ])
  })

  it.each([
    [cid, 'say --auto, or both --gas-premium and --gas-feecap'],
    [`--gas-premium 1 ${cid}`, 'say --auto, or both'],
    [`--auto --gas-premium 1 ${cid}`, '--auto chooses the fees'],
    [`--gas-premium 1nFIL --gas-feecap 2 ${cid}`, '--gas-premium is a whole number of attoFIL per gas unit'],
    ['--auto nonsense', '"nonsense" is no message CID'],
    ['--auto nonsense 52', '"nonsense" is no address'],
    [`--auto ${sender} x`, 'nonce is a whole number'],
  ])('refuses %s', async (line, text) => {
    const { asked, run } = await miner()
    expect(await run(line)).toMatchObject({ code: 64, err: expect.stringContaining(text) })
    expect(asked).toEqual([])
  })
})

describe('mpool sub', () => {
  const devnet = runningDevnet()

  it('prints what comes into the pool, until it is stopped', async () => {
    const env = { FULLNODE_API_INFO: devnet.nodes() }
    const stop = new AbortController()
    let seen = ''
    const done = runCommand('mpool sub --json', env, {
      signal: stop.signal,
      seen: (out) => {
        seen = out
      },
    })
    // A faucet's payment is a message like any other; the first one may come before we listen.
    await until(
      'a message to be seen',
      async () => {
        await runCommand('devnet fund f1m2swr32yrlouzs7ijui3jttwgc6lxa5n5sookhi 1', env)
        return seen
      },
      (out) => out.includes('\n'),
      { deadlineMs: 20_000 },
    )
    stop.abort()
    await done
    const update = JSON.parse(seen.split('\n')[0] ?? '') as { Type: number; Message: { Message: object } }
    expect(update.Type).toBe(0)
    expect(update.Message.Message).toMatchObject({ Value: '1000000000000000000', Method: 0 })
  })
})
