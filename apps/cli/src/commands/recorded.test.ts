import { formatAddress, parseAddress } from '@sealane/actors'
import { describe, expect, it } from 'vitest'
import { lotusSector, minerInfo } from '../testing/lotus-answers.js'
import { recorded, recordedResult } from '../testing/recorded.js'
import { provenSector, pushedMessage } from '../testing/rows.js'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { recordedNetwork, scriptedNode, tipSetJson } from '../testing/scripted-node.js'

// Each command is fed the state that the recording shows, and must print what lotus printed.

const headCid = 'bafy2bzaceazitw6czi2w7xuu3c7dnm5l5yg6g4neav5n7ufmznxsxzpfie2m6'
const cid = (text: string) => ({ '/': text })

async function node(script: Record<string, unknown> = {}, height = 7129) {
  const head = { height, cid: headCid, parent: headCid, timestamp: recordedNowMs / 1000 }
  return await scriptedNode({ ...recordedNetwork, ChainHead: tipSetJson(head), ...script })
}

const minerApp = {
  status: async () => ({ miner: 't01000', network: 'localnet-2k', headEpoch: 7129, waiting: null }),
}

describe('what lotus prints of the chain', () => {
  it('chain head', async () => {
    expect((await runCommand('chain head', await node())).out).toBe(recorded('chain-head'))
  })

  it('state list-miners', async () => {
    const env = await node({ StateListMiners: recordedResult('StateListMiners') })
    expect((await runCommand('state list-miners', env)).out).toBe(recorded('state-list-miners'))
  })

  it('state lookup', async () => {
    const key = 't3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq'
    const env = await node({ StateLookupID: 't0100', StateAccountKey: key })
    expect((await runCommand(`state lookup ${key}`, env)).out).toBe(recorded('state-lookup'))
    expect((await runCommand('state lookup -r t0100', env)).out).toBe(`${key}\n`)
  })

  it('state market balance', async () => {
    const env = await node({
      StateMarketBalance: { Escrow: '10000000000000950000', Locked: '87350711812' },
    })
    expect((await runCommand('state market balance t01000', env)).out).toBe(recorded('state-market-balance'))
  })

  it('state network-version', async () => {
    expect((await runCommand('state network-version', await node())).out).toBe(
      recorded('state-network-version'),
    )
  })

  it('state search-msg and wait-msg', async () => {
    const message = 'bafy2bzacealgjgwzmi2gqy5ynvwegjenrvrv7hisuvpbkdxhdjrxdgvdf6whe'
    const [tipSet, events] = [...recorded('state-search-msg').matchAll(/bafy2\w+/g)].map(([found]) => found)
    const lookup = {
      Message: cid(message),
      Receipt: { ExitCode: 0, Return: null, GasUsed: 12363796, EventsRoot: cid(events ?? '') },
      ReturnDec: null,
      TipSet: [cid(tipSet ?? '')],
      Height: 172,
    }
    const env = await node({ StateSearchMsg: lookup })
    const found = await runCommand(`state search-msg ${message}`, env)
    // lotus ends its `Return: ` line with a blank when nothing was returned.
    expect(found).toMatchObject({ code: 0, out: recorded('state-search-msg') })
    expect((await runCommand(`state wait-msg ${message}`, env)).out).toBe(found.out)
    const none = await runCommand(`state search-msg ${message}`, await node({ StateSearchMsg: null }))
    expect(none).toMatchObject({ code: 1 })
    expect(none.err).toContain('was not found on chain')
  })

  it('state sectors', async () => {
    const rows = recorded('state-sectors').trim().split('\n').slice(1)
    const sectors = rows.map((line) => {
      const [number, sealed = '', activation, expiration, pledge, fee] = line.split(',')
      return lotusSector({
        SectorNumber: Number(number),
        SealedCID: cid(sealed),
        Activation: Number(activation),
        Expiration: Number(expiration),
        InitialPledge: pledge,
        DailyFee: fee,
      })
    })
    const env = await node({ StateMinerSectors: sectors })
    expect((await runCommand('state sectors t01000', env)).out).toBe(recorded('state-sectors'))
    const apps = await scriptedApps({ miner: minerApp })
    expect((await runCommand('sectors check-expire --cutoff 606454', { ...env, ...apps })).out).toContain(
      '613583',
    )
  })

  it('sync status', async () => {
    const env = await node({ SyncState: recordedResult('SyncState') })
    const workers = /worker \d+/g
    expect((await runCommand('sync status', env)).out.replace(workers, 'worker N')).toBe(
      recorded('sync-status').replace(workers, 'worker N'),
    )
  })

  it('sync wait ends when the head is as new as the clock', async () => {
    const env = await node({ SyncState: recordedResult('SyncState') })
    expect((await runCommand('sync wait', env, { nowMs: recordedNowMs + 1_000 })).out).toBe('\nDone!\n')
    const stop = AbortSignal.timeout(50)
    const old = await runCommand('sync wait', env, { nowMs: recordedNowMs + 3_600_000, signal: stop })
    expect(old).toMatchObject({ code: 130, err: 'Current Epoch: 7129; the head is 1h0m0s old\n' })
  })

  it('version', async () => {
    const { out } = await runCommand('version', await node({ Version: recordedResult('Version--v0') }))
    const own = /^Local: .*$/m
    expect(out.replace(own, 'Local:')).toBe(recorded('version').replace(own, 'Local:'))
    expect(out).toMatch(/^Local: sealane version \d+\.\d+\.\d+$/m)
  })

  it('wallet balance', async () => {
    const address = 't3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq'
    const env = await node({ WalletBalance: '49998429498596673806656084' })
    expect((await runCommand(`wallet balance ${address}`, env)).out).toBe(recorded('wallet-balance'))
  })
})

describe('what lotus prints of its mempool', () => {
  const pending = JSON.parse(recorded('mpool-pending-one')) as {
    Message: Record<string, unknown>
    Signature: object
  }
  const { CID: _, ...first } = pending.Message
  const second = { ...first, Nonce: 102, GasLimit: 8582376 - 7117798 }
  const messages = [first, second].map((Message) => ({ Message, Signature: pending.Signature }))
  const sender = { Code: cid(headCid), Head: cid(headCid), Nonce: 101, Balance: '1', DelegatedAddress: null }
  const ancestor = tipSetJson({ height: 0, cid: headCid, parent: headCid, timestamp: recordedNowMs / 1000 })

  it('pending', async () => {
    const env = await node({ MpoolPending: [] })
    expect((await runCommand('mpool pending', env)).out).toBe(recorded('mpool-pending-empty'))
    const one = { ...pending, CID: undefined }
    expect((await runCommand('mpool pending', await node({ MpoolPending: [one] }))).out).toBe(
      recorded('mpool-pending-one'),
    )
  })

  it('pending --cids', async () => {
    const { out } = await runCommand('mpool pending --cids', await node({ MpoolPending: messages }))
    // The second recorded message itself was not kept: its CID has the same form.
    const [known, ...rest] = recorded('mpool-pending-cids').trim().split('\n')
    expect(out.split('\n')[0]).toBe(known)
    expect(out.trim().split('\n')).toHaveLength(1 + rest.length)
  })

  it('stat', async () => {
    const empty = await node({ MpoolPending: [], ChainGetTipSet: ancestor })
    expect((await runCommand('mpool stat', empty)).out).toBe(recorded('mpool-stat'))
    const env = await node({ MpoolPending: messages, StateGetActor: sender, ChainGetTipSet: ancestor })
    expect((await runCommand('mpool stat', env)).out).toBe(recorded('mpool-stat-some'))
  })

  it('stat counts used nonces, gaps and fee caps that are too low', async () => {
    const far = { ...first, Nonce: 110, GasFeeCap: '99' }
    const used = { ...first, Nonce: 99 }
    const MpoolPending = [...messages, ...[far, used].map((Message) => ({ ...messages[0], Message }))]
    const env = await node({ MpoolPending, StateGetActor: sender, ChainGetTipSet: ancestor })
    expect((await runCommand('mpool stat --basefee-lookback 5', env)).out).toContain(
      'total: Nonce past: 1, cur: 2, future: 1; FeeCap cur: 1, min-5: 1, ',
    )
  })

  it('find, as a list', async () => {
    const env = await node({ MpoolPending: messages })
    const found = JSON.parse((await runCommand('mpool find --method 0', env)).out) as unknown[]
    expect(found).toHaveLength(2)
    expect((await runCommand('mpool find --to t01000', env)).out).toBe('[]\n')
    expect((await runCommand('mpool find --method five', env)).code).toBe(64)
  })

  it('config', async () => {
    const env = await node({ MpoolGetConfig: recordedResult('MpoolGetConfig') })
    expect((await runCommand('mpool config', env)).out).toBe(recorded('mpool-config'))
  })

  it('gas-perf', async () => {
    const apps = await scriptedApps({ miner: { 'wallet.list': async () => [] } })
    const env = { ...(await node({ MpoolPending: messages })), ...apps }
    expect((await runCommand('mpool gas-perf', env)).out).toBe(recorded('mpool-gas-perf'))
    const all = (await runCommand('mpool gas-perf --all', env)).out.split('\n')[0]
    // (min(101107 − 100, 100053) × 7117798 gas; × 10^10 / 7117798 per block.
    expect(all).toBe(`${first.From}\t101\t${100_053 * 7_117_798}\t1000530000000000.000000`)
  })
})

describe('what lotus-miner prints', () => {
  it('actor control list', async () => {
    const rich = (Balance: string) => ({
      Code: cid(headCid),
      Head: cid(headCid),
      Nonce: 0,
      Balance,
      DelegatedAddress: null,
    })
    const keys: Record<string, string> = {
      t0100: 't3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq',
      t01004: 't1ryz7oobih2lyadgfddcezfcndaeam3px53gfyfa',
    }
    const named = (address: string) => formatAddress(parseAddress(address), 't')
    const env = await node({
      StateMinerInfo: minerInfo,
      StateAccountKey: (address: string) => keys[named(address)],
      StateGetActor: (address: string) =>
        rich(named(address) === 't0100' ? '49998429498596673806656084' : '99999890673715877479'),
    })
    const apps = await scriptedApps({ miner: minerApp })
    // Ours sends commits and deals from the worker; lotus' had no such use of it.
    const plain = (text: string) => text.replace('commit deals', 'other').replace(/ +/g, ' ')
    for (const [line, name] of [
      ['actor control list', 'miner-actor-control-list'],
      ['actor control list --verbose', 'miner-actor-control-list---verbose'],
    ] as const) {
      const { out } = await runCommand(line, { ...env, ...apps })
      expect(plain(out)).toBe(plain(recorded(name)))
    }
  })

  it('info, but for what concerns making blocks', async () => {
    const state = recordedResult('StateReadState--miner') as { State: Record<string, unknown> }
    const State = {
      ...state.State,
      PreCommitDeposits: '38457000000000',
      InitialPledge: '1788000000000',
      LockedFunds: '193169094000000000000000',
    }
    const onChain = Array.from({ length: 14 }, (_, SectorNumber) => lotusSector({ SectorNumber }))
    const balances: Record<string, string> = {
      t01000: '258663617000000000000000',
      t0100: '49998429498596673806656084',
      t01004: '99999890673715877479',
    }
    const env = await node({
      StateMinerInfo: minerInfo,
      StateMinerPower: {
        MinerPower: { RawBytePower: '28672', QualityAdjPower: '102400' },
        TotalPower: { RawBytePower: '28672', QualityAdjPower: '102400' },
        HasMinPower: true,
      },
      StateMinerSectors: onChain,
      StateMinerActiveSectors: onChain,
      StateMinerFaults: [0],
      StateMinerAvailableBalance: '65494523000000000000000',
      StateMarketBalance: { Escrow: '10000000000000950000', Locked: '87350711812' },
      StateReadState: { ...state, State },
      StateGetActor: (address: string) => ({
        Code: cid(headCid),
        Head: cid(headCid),
        Nonce: 0,
        Balance: balances[formatAddress(parseAddress(address), 't')],
        DelegatedAddress: null,
      }),
    })
    const apps = await scriptedApps({
      miner: minerApp,
      sealer: {
        'sectors.list': async () =>
          Array.from({ length: 22 }, (_, number) =>
            provenSector({ sectorNumber: number, state: number < 15 ? 'Proving' : 'Removed' }),
          ),
        'sealing.workers': async () => [
          {
            workerId: 'worker-1',
            hostname: 'vm',
            tasks: ['pc1'],
            concurrency: {},
            paths: [],
            prover: 'real',
            version: '0.1.0',
            lastSeenMs: recordedNowMs,
            alive: true,
            progress: null,
          },
        ],
      },
    })
    const { out } = await runCommand('info', { ...env, ...apps }, { nowMs: recordedNowMs })
    const ours = recorded('miner-info')
      .replace(/^(Enabled|StartTime|⚠|Projected|\(projections).*\n/gm, '')
      .replace(' WinPoSt(0)', '')
    expect(out).toBe(ours)
  })

  it('proving deadline, check and workers', async () => {
    const bits = [0, 2]
    const partition = {
      AllSectors: bits,
      FaultySectors: [0],
      RecoveringSectors: [0],
      LiveSectors: bits,
      ActiveSectors: bits,
    }
    const row = {
      deadline: 0,
      open: 6418,
      partitions: 1,
      sectors: 2,
      faults: 0,
      provenPartitions: 0,
      current: false,
    }
    const checked = [0, 1].map((sectorNumber) => ({
      deadline: 0,
      partition: 0,
      sectorNumber,
      faulty: false,
      problem: null as string | null,
    }))
    const apps = await scriptedApps({
      miner: {
        ...minerApp,
        'proving.deadlines': async () => [row],
        'proving.check': async () => checked,
      },
      sealer: { 'sealing.workers': async () => [] },
    })
    const env = { ...(await node({ StateMinerPartitions: [partition] })), ...apps }
    const { out } = await runCommand('proving deadline 0', env)
    // Printed in local time there and here.
    const open = /(?<=Deadline Open: {12}).*/
    expect(out.replace(open, 'T')).toBe(recorded('miner-proving-deadline-0').replace(open, 'T'))
    expect((await runCommand('proving deadline -n 0', env)).out).toContain(
      '\tSector Numbers:            [0 1]\n',
    )
    expect((await runCommand('proving deadline 48', env)).code).toBe(64)
    expect(await runCommand('proving check 0', env)).toMatchObject({
      code: 0,
      out: recorded('miner-proving-check-0'),
    })
    const [bad] = checked
    if (bad) bad.problem = 'no worker serves a storage path that holds it'
    expect(await runCommand('proving check 0 --only-bad', env)).toMatchObject({
      code: 1,
      out: expect.stringContaining('bad (no worker serves a storage path that holds it)'),
    })
    expect((await runCommand('proving workers', env)).out).toBe(recorded('miner-proving-workers'))
  })

  it('sectors batching, check-expire, expired, numbers info', async () => {
    const five = provenSector({ sectorNumber: 5, expiration: 1_549_731 })
    const apps = await scriptedApps({ miner: minerApp, sealer: { 'sectors.list': async () => [five] } })
    const chain = await node({ StateMinerSectors: [], StateMinerAllocated: [0, 22] }, 7131)
    const env = { ...chain, ...apps }
    expect((await runCommand('sectors batching commit', env)).out).toBe(
      recorded('miner-sectors-batching-commit'),
    )
    expect((await runCommand('sectors batching precommit', env)).out).toBe(
      recorded('miner-sectors-batching-precommit'),
    )
    expect((await runCommand('sectors check-expire', env)).out).toBe('\n')
    expect(recorded('miner-sectors-check-expire')).toBe('')
    expect((await runCommand('sectors expired', env)).out).toBe(recorded('miner-sectors-expired'))
    expect((await runCommand('sectors numbers info', env)).out).toBe(recorded('miner-sectors-numbers-info'))
  })

  it('sectors status --log has its line shape', async () => {
    const apps = await scriptedApps({
      sealer: {
        'sectors.get': async () => provenSector({ sectorNumber: 2 }),
        'sectors.log': async () => [
          {
            atMs: Date.UTC(2026, 10, 22, 13, 26, 10),
            event: 'packed',
            state: 'GetTicket',
            detail: '1 piece',
          },
        ],
      },
    })
    const shape = /^\d+\.\t\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC:\t\[event;[\w.]+\]\t\S/m
    const { out } = await runCommand('sectors status --log 2', apps)
    expect(recorded('miner-sectors-status---log-2')).toMatch(shape)
    expect(out).toMatch(shape)
    expect(out).toContain('--------\nEvent Log:\n')
    expect(recorded('miner-sectors-status---log-2')).toContain('--------\nEvent Log:\n')
  })

  it('net id, listen and peers', async () => {
    const listening = recorded('net-listen').trim()
    const apps = await scriptedApps({
      provider: {
        'net.id': async () => ({ peerId: recorded('net-id').trim(), protocols: [] }),
        'net.listen': async () => [listening.replace(/\/p2p\/.*/, '')],
        'net.peers': async () => [],
      },
    })
    expect((await runCommand('net id', apps)).out).toBe(recorded('net-id'))
    expect((await runCommand('net listen', apps)).out).toBe(recorded('net-listen'))
    expect((await runCommand('net peers', apps)).out).toBe(recorded('net-peers'))
  })
})

describe('addresses that the apps tell', () => {
  it('are printed as the network writes them', async () => {
    const apps = await scriptedApps({
      miner: {
        'messages.list': async () => [
          pushedMessage({ from: 'f1ryz7oobih2lyadgfddcezfcndaeam3px53gfyfa', to: 'f05' }),
        ],
      },
    })
    const on = await runCommand('messages list', { ...(await node()), ...apps })
    expect(on.out).toMatch(/ t1ryz7\.\.\. .* t05 /)
    // Without a node the network is not known.
    expect((await runCommand('messages list', apps)).out).toMatch(/ f1ryz7\.\.\. .* f05 /)
    const mainnet = { ...(await node({ StateNetworkName: 'mainnet' })), ...apps }
    expect((await runCommand('messages list', mainnet)).out).toContain(' f05 ')
  })
})

describe('pieces', () => {
  it('release lets a held piece go on, by the end of its uuid', async () => {
    const asked: unknown[] = []
    const row = {
      dealUuid: '6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11',
      pieceCid: 'baga6ea4seaqjr534a5wpionyolbyct2qhu3dwd3hdeetw7vm3gwd6hr6bkim2ba',
      pieceSize: '2048',
      state: 'Held',
      stateSinceMs: recordedNowMs - 61_000,
      waiting: null,
      failure: { code: 'COMMP_MISMATCH', remedy: 'hold' as const, text: 'the bytes are others' },
      proposalCid: headCid,
      publishCid: null,
      dealId: null,
      sectorNumber: null,
    }
    const env = await scriptedApps({
      sealer: {
        'pieces.list': async () => [row],
        'pieces.release': async (params) => {
          asked.push(params)
          return { ...row, state: 'Pulling', failure: null }
        },
      },
    })
    expect((await runCommand('pieces release 3f0f3b11', env)).out).toBe(
      `piece of deal ${row.dealUuid}: Pulling\n`,
    )
    expect(asked).toEqual([{ dealUuid: row.dealUuid }])
    expect((await runCommand('pieces release nothing', env)).code).toBe(64)
    const { out } = await runCommand('pieces list --state Held', env, { nowMs: recordedNowMs })
    expect(out).toMatch(
      /2KiB +Held +1m1s +- +- +COMMP_MISMATCH: the bytes are others \(held: a person must act\)$/m,
    )
  })
})
