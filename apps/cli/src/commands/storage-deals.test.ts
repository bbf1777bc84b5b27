import type { AskRow } from '@sealane/proto'
import { describe, expect, it } from 'vitest'
import { notesDeal } from '../testing/rows.js'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { recordedNetwork, scriptedNode, tipSetJson } from '../testing/scripted-node.js'

const head = 'bafy2bzaceazitw6czi2w7xuu3c7dnm5l5yg6g4neav5n7ufmznxsxzpfie2m6'

/** A chain of 30-second epochs, as the operator notes' was. */
async function notesChain(height: number) {
  return await scriptedNode({
    ...recordedNetwork,
    StateGetNetworkParams: { ...(recordedNetwork.StateGetNetworkParams as object), BlockDelaySecs: 30 },
    ChainHead: tipSetJson({ height, cid: head, parent: head, timestamp: 1795360922 }),
  })
}

const notesAsk: AskRow = {
  miner: 't01000',
  price: '500000000',
  verifiedPrice: '500000000',
  minPieceSize: '256',
  maxPieceSize: String(512 * 2 ** 20),
  timestampEpoch: 17_361,
  expiryEpoch: 1_017_361,
  sequence: 1,
  signed: true,
  waiting: null,
}

describe('storage-deals list', () => {
  it('prints the operator notes’ table', async () => {
    const env = await scriptedApps({ provider: { 'deals.list': async () => [notesDeal()] } })
    const { out, code } = await runCommand('storage-deals list', env)
    expect(code).toBe(0)
    expect(out).toBe(
      `ProposalCid  DealId  State                  Client                                                                                  Size   Price                Duration
...yu3bdena  0       StorageDealPublishing  t3svrxqfeoizhp3s3ui32xcacfmssthsazpgn2o4c2qjw4cchmcgn44wc3prqlpq4v4jw4ey2hxzxng2dkvana  32KiB  0.0000000898128 FIL  801900
`,
    )
  })

  it('prints oldest first; --verbose adds what a deal waits for; both vocabularies name states', async () => {
    const asked: unknown[] = []
    const later = notesDeal({
      dealUuid: '11111111-8a3f-4e2c-9a55-5f9a3f0f3b11',
      state: 'Published',
      createdMs: recordedNowMs,
      dealId: 7,
      waiting: {
        for: 'sealer not accepting deal sectors (2 of 2 busy)',
        who: 'sealer',
        sinceMs: recordedNowMs - 61_000,
        untilEpoch: 10_000,
      },
    })
    const env = await scriptedApps({
      provider: {
        'deals.list': async (params) => {
          asked.push(params)
          return [later, notesDeal()]
        },
      },
    })
    const { out } = await runCommand('storage-deals list -v --state StorageDealPublishing --limit 5', env, {
      nowMs: recordedNowMs,
    })
    expect(asked).toEqual([{ state: 'Publishing', limit: 5 }])
    const [titles, first, second] = out.split('\n')
    expect(titles).toMatch(/^Creation +Verified +DealUuid +ProposalCid +DealId .* Message$/)
    expect(first).toContain('bafyreifofhgup4nl754t6lcfkbk6gx5mvrxkcdfq6ckk7o4hozyu3bdena')
    expect(second).toContain('StorageDealAwaitingPreCommit')
    expect(second).toMatch(
      /waiting for sealer not accepting deal sectors \(2 of 2 busy\) \(sealer, 1m1s, until epoch 10000\)$/,
    )
  })

  it('prints one JSON document with --json', async () => {
    const env = await scriptedApps({ provider: { 'deals.list': async () => [notesDeal()] } })
    const { out } = await runCommand('storage-deals list --json', env)
    expect(JSON.parse(out)).toEqual([notesDeal()])
  })

  it('says what to do when the provider is not there', async () => {
    const { out, err, code } = await runCommand('storage-deals list --json', {
      SEALANE_RUNTIME_DIR: '/nonexistent',
    })
    expect(code).toBe(1)
    expect(err).toMatch(
      /^ERROR: the provider is not running: nothing at \/nonexistent\/provider.sock\n {2}next: .*npm start/,
    )
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'NOT_RUNNING', remedy: 'retry' } })
  })
})

describe('storage-deals get-ask', () => {
  it('prints the operator notes’ tables with --legacy', async () => {
    const provider = await scriptedApps({ provider: { 'asks.get': async () => notesAsk } })
    const { out } = await runCommand('storage-deals get-ask --legacy', {
      ...provider,
      ...(await notesChain(17_601)),
    })
    expect(out).toBe(
      `Price per GiB / Epoch  Min. Piece Size (w/bit-padding)  Max. Piece Size (w/bit-padding)  Expiry (Epoch)  Expiry (Appx. Rem. Time)  Seq. No.
500000000              256 B                            512 MiB                          1017361         8331h20m0s                1
`,
    )
    const second = { ...notesAsk, price: '0', verifiedPrice: '0', expiryEpoch: 104_050, sequence: 2 }
    const again = await scriptedApps({ provider: { 'asks.get': async () => second } })
    const changed = await runCommand('storage-deals get-ask --legacy', {
      ...again,
      ...(await notesChain(17_650)),
    })
    expect(changed.out.split('\n')[1]).toBe(
      '0                      256 B                            512 MiB                          104050          720h0m0s                  2',
    )
  })

  it('prints today’s columns by default', async () => {
    const env = await scriptedApps({ provider: { 'asks.get': async () => notesAsk } })
    const { out } = await runCommand('storage-deals get-ask', { ...env, ...(await notesChain(1_017_361)) })
    expect(out).toBe(
      `Price per GiB/Epoch  Verified          Min. Piece Size (padded)  Max. Piece Size (padded)  Expiry (Epoch)  Expiry (Appx. Rem. Time)  Seq. No.
0.0000000005 FIL     0.0000000005 FIL  256 B                     512 MiB                   1017361         <expired>                 1
`,
    )
  })

  it('says so when there is no ask, or none that home has signed', async () => {
    const none = await scriptedApps({ provider: { 'asks.get': async () => null } })
    expect((await runCommand('storage-deals get-ask', none)).out).toMatch(/\n<miner does not have an ask>\n$/)
    const waiting = { for: 'home’s signature', who: 'miner', sinceMs: recordedNowMs, untilEpoch: null }
    const env = await scriptedApps({
      provider: { 'asks.get': async () => ({ ...notesAsk, signed: false, waiting }) },
    })
    const { out, err } = await runCommand('storage-deals get-ask', env, { nowMs: recordedNowMs })
    expect(out).toContain('<no chain node>')
    expect(err).toContain('not shown to clients yet: waiting for home’s signature (miner, 0s)')
  })
})

describe('storage-deals set-ask', () => {
  async function setAsk(line: string) {
    const asked: unknown[] = []
    const env = await scriptedApps({
      provider: {
        'asks.get': async () => notesAsk,
        'asks.set': async (params) => {
          asked.push(params)
          return { ...notesAsk, sequence: 2 }
        },
      },
    })
    return {
      ...(await runCommand(`storage-deals set-ask ${line}`, { ...env, ...(await notesChain(17_650)) })),
      asked,
    }
  }

  it('takes the operator notes’ command', async () => {
    const { asked, out } = await setAsk(
      '--price 0 --verified-price 0 --max-piece-size 512M --duration 720h0m0s',
    )
    expect(out).toBe('ask 2 set\n')
    expect(asked).toEqual([
      { price: '0', verifiedPrice: '0', maxPieceSize: '536870912', durationEpochs: 86_400 },
    ])
  })

  it('reads prices with a unit and keeps what is not given', async () => {
    expect((await setAsk('--price "0.5 nFIL"')).asked).toEqual([
      { price: '500000000', verifiedPrice: '500000000' },
    ])
    expect((await setAsk('--price 500000000attofil --verified-price 0.0000000001')).asked).toEqual([
      { price: '500000000', verifiedPrice: '100000000' },
    ])
  })

  it.each([
    [
      '--price 500000000',
      '--price 500000000: say the unit, "500000000attofil" (as in old notes) or "500000000FIL"',
    ],
    ['--price "5 x"', 'unrecognized suffix: " x"'],
    ['--price "0.5 attofil"', 'invalid FIL value: "0.5 attofil"'],
    ['--min-piece-size big', "cannot parse min-piece-size to quantity of bytes: invalid size: 'big'"],
    ['--duration soon', 'cannot parse duration: time: invalid duration "soon"'],
  ])('refuses %s', async (line, text) => {
    const { err, code, asked } = await setAsk(line)
    expect(err).toContain(text)
    expect(code).toBe(64)
    expect(asked).toEqual([])
  })
})

describe('storage-deals import-data', () => {
  it('hands the file’s absolute path to the provider', async () => {
    const asked: unknown[] = []
    const env = await scriptedApps({
      provider: {
        'deals.importData': async (params) => {
          asked.push(params)
          return notesDeal({ state: 'AwaitingData' })
        },
      },
    })
    const { out } = await runCommand('storage-deals import-data 6f1c1f0e /data/piece.car', env)
    expect(asked).toEqual([{ id: '6f1c1f0e', path: '/data/piece.car' }])
    expect(out).toBe(
      'Offline deal import for deal UUID 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11 scheduled for execution\n',
    )
  })
})

describe('storage-deals pending-publish', () => {
  it('says what a deal waits for that is not published yet', async () => {
    const row = {
      requestId: notesDeal().dealUuid,
      proposalCid: notesDeal().proposalCid,
      state: 'Queued',
      stateSinceMs: recordedNowMs - 192_000,
      waiting: { for: 'market escrow', who: 'chain', sinceMs: recordedNowMs - 5_000, untilEpoch: null },
      failure: null,
      messageCid: null,
      dealId: null,
    }
    const miner = { 'publications.list': async () => [row, { ...row, state: 'Published' }] }
    const env = await scriptedApps({ miner, provider: { 'deals.list': async () => [notesDeal()] } })
    const { out } = await runCommand('storage-deals pending-publish', env, { nowMs: recordedNowMs })
    expect(out).toMatch(
      /^1 deals queued to be published:\nProposalCID +Client +Size +Since +Waiting\nbafy2\w+ +t3svr\w+ +32KiB +3m12s +market escrow \(chain, 5s\)\n$/,
    )
    const none = await scriptedApps({ miner: { 'publications.list': async () => [] } })
    expect((await runCommand('storage-deals pending-publish', none)).out).toBe(
      'No deals queued to be published\n',
    )
  })

  it('lets them go now with --publish-now', async () => {
    const row = {
      requestId: notesDeal().dealUuid,
      proposalCid: notesDeal().proposalCid,
      state: 'Queued',
      stateSinceMs: recordedNowMs,
      waiting: null,
      failure: null,
      messageCid: null,
      dealId: null,
    }
    let asked = 0
    const miner = {
      'publications.publishNow': async () => {
        asked += 1
        return [row]
      },
    }
    const env = await scriptedApps({ miner })
    const { out } = await runCommand('storage-deals pending-publish --publish-now', env)
    expect(asked).toBe(1)
    expect(out).toMatch(/^publishing deals\n1 deals queued to be published:\n/)
  })
})
