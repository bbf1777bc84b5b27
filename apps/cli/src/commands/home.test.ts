import type { minerOperator, ResultOf } from '@sealane/proto'
import { describe, expect, it } from 'vitest'
import { recorded } from '../testing/recorded.js'
import { notesDeal, provenSector, pushedMessage } from '../testing/rows.js'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { recordedNetwork, scriptedNode, tipSetJson } from '../testing/scripted-node.js'

const headCid = 'bafy2bzaceazitw6czi2w7xuu3c7dnm5l5yg6g4neav5n7ufmznxsxzpfie2m6'

async function chainAt(height: number, more: Record<string, unknown> = {}) {
  const timestamp = Date.UTC(2026, 10, 22, 15, 22, 9 + height - 7129) / 1000
  return await scriptedNode({
    ...recordedNetwork,
    ChainHead: tipSetJson({ height, cid: headCid, parent: headCid, timestamp }),
    ...more,
  })
}

function onChain(sectorNumber: number) {
  return {
    SectorNumber: sectorNumber,
    SealProof: 5,
    SealedCID: { '/': 'bagboea4b5abca2zc3cp23aignqeequreyrwlcf3jlhq5mgvldmd2d3kt2bukznrn' },
    Activation: 301,
    Expiration: 1552490,
    DealWeight: '0',
    VerifiedDealWeight: '0',
    InitialPledge: '59604643840',
    ExpectedDayReward: null,
    ExpectedStoragePledge: null,
    PowerBaseEpoch: 301,
    ReplacedDayReward: null,
    SectorKeyCID: null,
    Flags: 1,
    DailyFee: '185817',
  }
}

const piece = {
  dealUuid: '6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11',
  pieceCid: 'baga6ea4seaqjr534a5wpionyolbyct2qhu3dwd3hdeetw7vm3gwd6hr6bkim2ba',
  pieceSize: '2048',
  offset: '0',
  dealId: 3,
}

describe('sectors list', () => {
  // Direct data onboarding (DDO) is not ours: those two rows of the recording are left out.
  const ours = (name: string) =>
    recorded(name)
      .split('\n')
      .filter((line) => !line.includes('DDO:'))
      .join('\n')
  const rows = ours('miner-sectors-list')
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, id, active, expiration, deals] =
        /^(\d+) +Proving +YES +(\w+) +(\d+) \(.*?\) +(\w+)/.exec(line) ?? []
      if (id === undefined) return []
      const pieces = deals === 'CC' ? [] : [piece]
      return [
        {
          row: provenSector({ sectorNumber: Number(id), expiration: Number(expiration), pieces }),
          active: active === 'YES',
        },
      ]
    })
  const apps = async () =>
    await scriptedApps({
      sealer: {
        'sectors.list': async ({ after }) =>
          rows.map(({ row }) => row).filter((row) => row.sectorNumber > (after ?? -1)),
        status: async () => ({
          miner: 't01000',
          sectorSize: '2048',
          headEpoch: 7130,
          limits: {
            enableDealSector: true,
            dealConcurrent: 2,
            totalNum: 0,
            inFlightDealSectors: 0,
            inFlightSectors: 0,
          },
        }),
      },
    })
  const chain = async () =>
    await chainAt(7135, {
      StateMinerSectors: rows.map(({ row }) => onChain(row.sectorNumber)),
      StateMinerActiveSectors: rows
        .filter(({ active }) => active)
        .map(({ row }) => onChain(row.sectorNumber)),
    })

  it('prints as lotus-miner did', async () => {
    expect(rows).toHaveLength(13)
    const env = { ...(await apps()), ...(await chain()) }
    expect((await runCommand('sectors list', env)).out).toBe(ours('miner-sectors-list'))
    expect((await runCommand('sectors list --fast', env)).out).toBe(ours('miner-sectors-list---fast'))
  })

  it('stands without a chain node, and says what holds a sector', async () => {
    const held = provenSector({
      sectorNumber: 3,
      state: 'Held',
      expiration: null,
      failure: { code: 'PARAMETERS_MISSING', remedy: 'hold', text: 'v28-….params is missing' },
    })
    const waiting = {
      for: 'the seed at confidence',
      who: 'chain',
      sinceMs: recordedNowMs - 12_000,
      untilEpoch: 7200,
    }
    const seed = provenSector({ sectorNumber: 4, state: 'WaitSeed', expiration: null, waiting })
    const env = await scriptedApps({ sealer: { 'sectors.list': async () => [held, seed] } })
    const { out } = await runCommand('sectors list --states Held,WaitSeed', env, { nowMs: recordedNowMs })
    // Every cell is padded, the last one of a row too.
    expect(out.split('\n')).toEqual([
      'ID  State     Deals  ',
      '3   Held      CC     ',
      '  Error: PARAMETERS_MISSING: v28-….params is missing (held: a person must act)',
      '4   WaitSeed  CC     ',
      '  Waiting: the seed at confidence (chain, 12s, until epoch 7200)',
      '',
    ])
  })
})

describe('sectors status', () => {
  it('begins as lotus-miner’s did', async () => {
    const row = provenSector({
      sectorNumber: 2,
      commD: 'baga6ea4seaqpy7usqklokfx2vxuynmupslkeutzexe2uqurdg5vhtebhxqmpqmy',
      commR: 'bagboea4b5abca2zc3cp23aignqeequreyrwlcf3jlhq5mgvldmd2d3kt2bukznrn',
      ticket: '2993050eb19dabdb54b6e3f65b3b0fd45a8d122f601e1a437fe03a7d10a688e3',
      seed: Buffer.from('fa5b95d3dde5902de7778902c343216af88c75f8acaf8e5e4134cbf6720d72ae', 'hex').toString(
        'base64',
      ),
      preCommitCid: 'bafy2bzacealgjgwzmi2gqy5ynvwegjenrvrv7hisuvpbkdxhdjrxdgvdf6whe',
      proveCommitCid: 'bafy2bzacedcdv6ocjzacsklve32shdxsllh5dcz4zsx5tpjwmdx22p7oonfui',
      pieces: [{ ...piece, dealId: 0 }],
    })
    const log = [
      { atMs: Date.UTC(2026, 10, 22, 13, 26, 10), event: 'packed', state: 'GetTicket', detail: '' },
    ]
    const env = await scriptedApps({
      sealer: { 'sectors.get': async () => row, 'sectors.log': async () => log },
    })
    const { out } = await runCommand('sectors status --log 2', env, { nowMs: recordedNowMs })
    const expected = recorded('miner-sectors-status-2').split('Retries:')[0] ?? ''
    expect(out.startsWith(expected)).toBe(true)
    expect(out).toContain(`Piece 0: ${piece.pieceCid} 2 KiB at 0 deal ${piece.dealUuid} (0)\n`)
    expect(out.endsWith('Event Log:\n0.\t2026-11-22 13:26:10 +0000 UTC:\t[event;packed]\tGetTicket\n')).toBe(
      true,
    )
    expect((await runCommand('sectors log 2', env)).out).toBe(
      '0.\t2026-11-22 13:26:10 +0000 UTC:\t[event;packed]\tGetTicket\n',
    )
  })

  it('adds what the chain says, and tells when the chain does not know the sector', async () => {
    const sealer = {
      'sectors.get': async () => provenSector({ sectorNumber: 2 }),
      status: async () => ({
        miner: 't01000',
        sectorSize: '2048',
        headEpoch: 7130,
        limits: {
          enableDealSector: true,
          dealConcurrent: 2,
          totalNum: 0,
          inFlightDealSectors: 0,
          inFlightSectors: 0,
        },
      }),
    }
    const apps = await scriptedApps({ sealer })
    const there = await chainAt(7130, {
      StateSectorGetInfo: onChain(2),
      StateSectorExpiration: { OnTime: 1552490, Early: 0 },
    })
    const { out } = await runCommand('sectors status --on-chain-info 2', { ...apps, ...there })
    expect(out).toContain(
      'InitialPledge:\t\t0.00000005960464384 FIL\n\nExpiration Info\nOnTime:\t\t1552490\nEarly:\t\t0\n',
    )
    const gone = await chainAt(7130, { StateSectorGetInfo: null })
    const other = await runCommand('sectors status --on-chain-info 2', { ...apps, ...gone })
    expect(other.err).toContain('the node is on a fork')
    expect(other.code).toBe(0)
  })
})

describe('sectors pledge, seal, release, unseal', () => {
  it('say what they did', async () => {
    const asked: unknown[] = []
    const remember = async <Value>(params: unknown, value: Value) => {
      asked.push(params)
      return value
    }
    const env = await scriptedApps({
      sealer: {
        'sectors.pledge': (params) => remember(params, { sectorNumber: 22 }),
        'sectors.seal': (params) => remember(params, provenSector({ sectorNumber: 3, state: 'Packing' })),
        'sectors.release': (params) => remember(params, provenSector({ sectorNumber: 3, state: 'Commit1' })),
        'sectors.unseal': (params) => remember(params, { bytes: params.length }),
        status: async () => ({
          miner: 't01000',
          sectorSize: '2048',
          headEpoch: 1,
          limits: {
            enableDealSector: true,
            dealConcurrent: 2,
            totalNum: 0,
            inFlightDealSectors: 0,
            inFlightSectors: 0,
          },
        }),
      },
    })
    expect((await runCommand('sectors pledge --request-id a', env)).out).toBe('Created CC sector: 22\n')
    expect((await runCommand('sectors seal 3', env)).out).toBe('sector 3: Packing\n')
    expect((await runCommand('sectors release 3', env)).out).toBe('sector 3: Commit1\n')
    expect((await runCommand('sectors unseal 2 /tmp/x --offset 16', env)).out).toBe(
      '2016 bytes of sector 2 in /tmp/x\n',
    )
    expect(asked).toEqual([
      { requestId: 'a' },
      { sectorNumber: 3 },
      { sectorNumber: 3 },
      { sectorNumber: 2, offset: '16', length: '2016', path: '/tmp/x' },
    ])
    expect(await runCommand('sectors seal three', env)).toMatchObject({
      code: 64,
      err: 'ERROR: sectorNum is a whole number, not "three"\n',
    })
  })
})

describe('sealing', () => {
  it('jobs has lotus-miner’s columns', async () => {
    const none = await scriptedApps({ sealer: { 'sealing.jobs': async () => [] } })
    expect((await runCommand('sealing jobs', none)).out).toBe(recorded('miner-sealing-jobs'))
    const job = {
      claimId: '8ae362bf-ac7f-4eed-a49d-ab9444a82ac6',
      sectorNumber: 2,
      task: 'c2',
      workerId: 'worker-1',
      hostname: 'vm',
      state: 'running',
      startedMs: recordedNowMs - 61_250,
      progress: { stage: 'prove', fraction: 0.427 },
    }
    const env = await scriptedApps({ sealer: { 'sealing.jobs': async () => [job] } })
    expect((await runCommand('sealing jobs', env, { nowMs: recordedNowMs })).out).toBe(
      `ID        Sector  Worker    Hostname  Task  State        Time
44a82ac6  2       worker-1  vm        C2    running 42%  1m1.2s
`,
    )
  })

  it('workers says who is away', async () => {
    const worker = {
      workerId: 'worker-1',
      hostname: 'vm',
      tasks: ['pc1', 'commit'],
      concurrency: { pc1: 2 },
      paths: ['c83dcee2'],
      prover: 'real',
      version: '0.1.0',
      lastSeenMs: recordedNowMs - 90_000,
      alive: false,
      progress: null,
    }
    const env = await scriptedApps({ sealer: { 'sealing.workers': async () => [worker] } })
    expect((await runCommand('sealing workers', env, { nowMs: recordedNowMs })).out).toBe(
      `Worker worker-1, host vm (away for 1m30s)
\tTasks:   pc1×2 commit×1
\tPaths:   c83dcee2
\tProver:  real
\tVersion: 0.1.0
`,
    )
  })

  it('set-limits takes the operators’ own flags, in either spelling', async () => {
    const asked: unknown[] = []
    const limits = {
      enableDealSector: true,
      dealConcurrent: 1,
      totalNum: 8,
      inFlightDealSectors: 1,
      inFlightSectors: 3,
    }
    const env = await scriptedApps({
      sealer: {
        'sealing.setLimits': async (params) => {
          asked.push(params)
          return limits
        },
        status: async () => ({ miner: 't01000', sectorSize: '2048', headEpoch: 1, limits }),
      },
    })
    const { out } = await runCommand(
      'sealing set-limits --enable_deal_sector --deal-concurrent 1 --total_num 8',
      env,
    )
    expect(out).toBe(
      `enable_deal_sector  true
deal-concurrent     1 of 1 in flight
total_num           3 in flight, at most 8
`,
    )
    await runCommand('sealing set-limits --enable-deal-sector false --total-num 0', env)
    await runCommand('sealing set-limits', env)
    expect(asked).toEqual([
      { enableDealSector: true, dealConcurrent: 1, totalNum: 8 },
      { enableDealSector: false, totalNum: 0 },
    ])
    expect((await runCommand('sealing set-limits --enable_deal_sector perhaps', env)).code).toBe(64)
  })

  it('limits-log shows that a limit was kept', async () => {
    const line = {
      atMs: recordedNowMs,
      event: 'sectorOpened',
      sectorNumber: 2,
      inFlightDealSectors: 1,
      dealConcurrent: 1,
    }
    const env = await scriptedApps({ sealer: { 'sealing.limitsLog': async () => [line] } })
    const { out } = await runCommand('sealing limits-log', env)
    expect(out).toMatch(
      /^Time +Event +Sector +In flight +deal-concurrent\n\w{3} \d\d .*sectorOpened +2 +1 +1\n$/,
    )
  })
})

describe('proving', () => {
  const info = {
    miner: 't01000',
    currentEpoch: 7132,
    periodStart: 6418,
    periodNext: 9298,
    deadlineIndex: 11,
    deadlineOpen: 7078,
    deadlineClose: 7138,
    deadlineChallenge: 7058,
    faultCutoff: 7008,
    deadlineSectors: 0,
    faults: 0,
    recoveries: 0,
  }
  const times = /\(\d\d \w{3} \d\d \d\d:\d\d [\w+-]+, /g

  it('info prints as lotus-miner did', async () => {
    const apps = await scriptedApps({ miner: { 'proving.info': async () => info } })
    const { out } = await runCommand('proving info', { ...apps, ...(await chainAt(7132)) })
    expect(out.replace(times, '(')).toBe(recorded('miner-proving-info').replace(times, '('))
    expect((await runCommand('proving info', apps)).out).toContain('Deadline Close:       7138\n')
  })

  it('deadlines prints as lotus-miner did', async () => {
    const sectors = [2, 2, 1, 2, 2, 2, 2, 1]
    const rows = Array.from({ length: 48 }, (_, deadline) => ({
      deadline,
      open: 6418 + 60 * deadline,
      partitions: sectors[deadline] === undefined ? 0 : 1,
      sectors: sectors[deadline] ?? 0,
      faults: 0,
      provenPartitions: 0,
      current: deadline === 11,
    }))
    const apps = await scriptedApps({
      miner: { 'proving.info': async () => info, 'proving.deadlines': async () => rows },
    })
    const { out } = await runCommand('proving deadlines', { ...apps, ...(await chainAt(7130)) })
    const expected = recorded('miner-proving-deadlines')
    const clock = /\d\d(?=:\d\d:\d\d)/g
    expect(out.replace(clock, 'hh')).toBe(expected.replace(clock, 'hh'))
  })

  it('faults prints as lotus-miner did', async () => {
    const rows: ResultOf<(typeof minerOperator)['proving.faults']> = []
    const env = await scriptedApps({
      miner: { 'proving.info': async () => info, 'proving.faults': async () => rows },
    })
    expect((await runCommand('proving faults', env)).out).toBe(recorded('miner-proving-faults'))
    rows.push({ deadline: 3, partition: 0, sectorNumber: 7, recovering: true })
    expect((await runCommand('proving faults', env)).out.split('\n')[2]).toBe(
      '3         0          7 (recovering)',
    )
  })

  it('partitions says what each WindowPoSt waits for', async () => {
    const row = {
      periodStart: 6418,
      deadline: 12,
      partition: 0,
      state: 'Proving',
      open: 7138,
      close: 7198,
      challenge: 7118,
      sectors: [1, 2],
      skipped: [2],
      messageCid: null,
      waiting: {
        for: 'vanilla proofs of path c83dcee2',
        who: 'worker-1',
        sinceMs: recordedNowMs - 3_000,
        untilEpoch: 7198,
      },
      failure: null,
    }
    const env = await scriptedApps({ miner: { 'proving.partitions': async () => [row] } })
    const { out } = await runCommand('proving partitions', env, { nowMs: recordedNowMs })
    expect(out.split('\n')[1]).toBe(
      '6418    12        0          Proving  7138  7198   2        2        -        vanilla proofs of path c83dcee2 (worker-1, 3s, until epoch 7198)',
    )
  })
})

describe('messages', () => {
  it('list and show say what a message is for and waits for', async () => {
    const waits = pushedMessage()
    const held = pushedMessage({
      nonce: null,
      cid: null,
      state: 'Held',
      waiting: null,
      failure: { code: 'OVER_CAP', remedy: 'hold', text: 'daily publish gas 0.5 FIL is used up' },
    })
    const env = await scriptedApps({
      miner: { 'messages.list': async () => [waits, held], 'messages.get': async () => waits },
    })
    const { out } = await runCommand('messages list', env, { nowMs: recordedNowMs })
    const [titles, first, second] = out.split('\n')
    expect(titles).toMatch(/^Nonce +From +State +Since +Class +To +Method +Value +Cid +Waiting$/)
    expect(first).toMatch(
      /^14 +t3ugrj\.\.\. +Pushed +5s +market +t05 +AddBalance \(2\) +5 FIL +bafy2\w+ +a block to take it \(chain, 5s\)$/,
    )
    expect(second).toMatch(
      /^- .*OVER_CAP: daily publish gas 0\.5 FIL is used up \(held: a person must act\)$/,
    )
    const shown = await runCommand('messages show top-up-1', env, { nowMs: recordedNowMs })
    expect(shown.out).toContain('Why         escrow for deals\n')
    expect(shown.out).toContain('GasFeeCap   101480 attoFIL per gas\n')
  })
})

describe('market', () => {
  it('balance prints as lotus did', async () => {
    const env = await scriptedApps({
      miner: { 'market.balance': async () => ({ escrow: '10000000000000950000', locked: '87350711812' }) },
    })
    expect((await runCommand('market balance', env)).out).toBe(recorded('state-market-balance'))
  })

  it('add waits until the message has a CID; withdraw says what holds it', async () => {
    const asked: unknown[] = []
    let polls = 0
    const unsigned = pushedMessage({ cid: null, state: 'Wanted' })
    const env = await scriptedApps({
      miner: {
        'market.add': async (params) => {
          asked.push(params)
          return unsigned
        },
        'messages.get': async () => {
          polls += 1
          return polls < 2 ? unsigned : pushedMessage()
        },
        'market.withdraw': async () =>
          pushedMessage({
            cid: null,
            failure: { code: 'INSUFFICIENT_FUNDS', remedy: 'hold', text: 'f1abc has 0 FIL, needs 0.1 FIL' },
          }),
      },
    })
    const { out } = await runCommand('market add 5 --request-id top-up-1', env)
    expect(out).toBe(`AddBalance message cid: ${pushedMessage().cid}\n`)
    expect(asked).toEqual([{ amount: '5000000000000000000', requestId: 'top-up-1' }])
    const held = await runCommand('market withdraw 1', env)
    expect(held.code).toBe(1)
    expect(held.out).toMatch(/^WithdrawBalance message not sent yet: INSUFFICIENT_FUNDS: f1abc has 0 FIL/)
    expect((await runCommand('market add -- -5', env)).err).toContain('amount cannot be negative')
    expect((await runCommand('market add lots', env)).err).toContain(
      'parsing \'amount\' argument: unrecognized suffix: "lots"',
    )
  })
})

describe('actor', () => {
  it('info prints balances and power', async () => {
    const env = await scriptedApps({
      miner: {
        'actor.info': async () => ({
          miner: 't01000',
          owner: 't0100',
          worker: 't0101',
          controls: ['t01004'],
          balance: '258663617000000000000000',
          available: '65494523000000000000000',
          rawPower: '28672',
          qualityPower: '102400',
          networkRawPower: '57344',
          sectorSize: '2048',
        }),
      },
    })
    expect((await runCommand('actor info', env)).out).toBe(
      `Miner: t01000 (2 KiB sectors)
Power: 100 Ki
\tRaw: 28 KiB / 56 KiB (50.0000%)

Miner Balance:  258663.617 FIL
   Available:   65494.523 FIL
Owner:          t0100
Worker:         t0101
Control 0:      t01004
`,
    )
  })

  it('set-addrs and set-peer-id take the running provider’s own when none are given', async () => {
    const asked: unknown[] = []
    const env = await scriptedApps({
      provider: {
        'net.listen': async () => [
          '/ip4/203.0.113.7/tcp/24001/p2p/12D3KooWJsfHmJeqvorTnmdtGx2Ag4Js3fDz8YnJJU6tgAtSWVFx',
        ],
        'net.id': async () => ({
          peerId: '12D3KooWJsfHmJeqvorTnmdtGx2Ag4Js3fDz8YnJJU6tgAtSWVFx',
          protocols: [],
        }),
      },
      miner: {
        'actor.setAddrs': async (params) => {
          asked.push(params)
          return pushedMessage()
        },
        'actor.setPeerId': async (params) => {
          asked.push(params)
          return pushedMessage()
        },
      },
    })
    expect((await runCommand('actor set-addrs', env)).out).toBe(
      `Requested multiaddrs change in message ${pushedMessage().cid}\n`,
    )
    expect((await runCommand('actor set-peer-id', env)).out).toBe(
      `Requested peerid change in message ${pushedMessage().cid}\n`,
    )
    await runCommand('actor set-addrs --unset', env)
    expect(asked).toEqual([
      { multiaddrs: ['/ip4/203.0.113.7/tcp/24001'] },
      { peerId: '12D3KooWJsfHmJeqvorTnmdtGx2Ag4Js3fDz8YnJJU6tgAtSWVFx' },
      { multiaddrs: [] },
    ])
    expect((await runCommand('actor set-addrs here', env)).code).toBe(64)
  })
})

describe('miner init', () => {
  it('goes on asking until it is done, and tells what it waits for', async () => {
    const asked: unknown[] = []
    const waiting = {
      for: 'CreateMiner at confidence',
      who: 'chain',
      sinceMs: recordedNowMs,
      untilEpoch: null,
    }
    const env = await scriptedApps({
      provider: {
        'net.id': async () => ({
          peerId: '12D3KooWJsfHmJeqvorTnmdtGx2Ag4Js3fDz8YnJJU6tgAtSWVFx',
          protocols: [],
        }),
        'net.listen': async () => ['/ip4/203.0.113.7/tcp/24001'],
      },
      miner: {
        init: async (params) => {
          asked.push(params)
          const createMessageCid = pushedMessage().cid
          return asked.length < 3
            ? {
                state: 'waiting',
                miner: null,
                robust: null,
                createMessageCid,
                controlMessageCid: null,
                waiting,
              }
            : {
                state: 'done',
                miner: 't01010',
                robust: 't2abc',
                createMessageCid,
                controlMessageCid: null,
                waiting: null,
              }
        },
      },
    })
    const { out, err } = await runCommand('miner init --sector-size 2KiB', env, { nowMs: recordedNowMs })
    expect(out).toBe('New miners address is: t01010 (t2abc)\n')
    expect(err).toBe(
      `Waiting for CreateMiner at confidence (chain, 0s)\nWaiting for message: ${pushedMessage().cid}\n`,
    )
    expect(asked[0]).toEqual({
      sectorSize: '2048',
      peerId: '12D3KooWJsfHmJeqvorTnmdtGx2Ag4Js3fDz8YnJJU6tgAtSWVFx',
      multiaddrs: ['/ip4/203.0.113.7/tcp/24001'],
    })
  })

  it('asks for the provider’s id when none runs here', async () => {
    const env = await scriptedApps({ miner: {} })
    const { err, code } = await runCommand('miner init --sector-size 32GiB', env)
    expect(code).toBe(64)
    expect(err).toContain('give --peer-id and --multiaddr')
  })
})

describe('net and provider', () => {
  it('print as lotus did', async () => {
    const peerId = '12D3KooWPrCUCSPnhW2ShDzrCYey4ckquU8SZveNDYYcno3Lk9pC'
    const env = await scriptedApps({
      provider: {
        'net.id': async () => ({ peerId, protocols: ['/fil/storage/mk/1.2.0'] }),
        'net.listen': async () => ['/ip4/127.0.0.1/tcp/21235'],
        'net.peers': async () => [{ peerId, addrs: ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/2'] }],
        'net.connect': async () => ({ peerId }),
        'miner.set': async ({ address }) => ({ miner: address }),
      },
    })
    expect((await runCommand('net id', env)).out).toBe(`${peerId}\n`)
    expect((await runCommand('net listen', env)).out).toBe(`/ip4/127.0.0.1/tcp/21235/p2p/${peerId}\n`)
    expect((await runCommand('net peers', env)).out).toBe(
      `${peerId}, [/ip4/10.0.0.1/tcp/1 /ip4/10.0.0.2/tcp/2]\n`,
    )
    expect((await runCommand(`net connect /ip4/104.248.116.108/tcp/34929/p2p/${peerId}`, env)).out).toBe(
      `connect ${peerId}: success\n`,
    )
    expect((await runCommand('net connect /ip4/104.248.116.108/tcp/34929', env)).code).toBe(64)
    expect((await runCommand('provider set-miner t01000', env)).out).toBe('deals are taken for t01000\n')
  })
})

describe('deals', () => {
  const why = async (line: string, o: Parameters<typeof scriptedApps>[0]) =>
    await runCommand(line, await scriptedApps(o), { nowMs: recordedNowMs })

  it('why names the blocker in the words of the app that has it', async () => {
    const waiting = {
      for: 'sealer not accepting deal sectors (2 of 2 busy)',
      who: 'sealer',
      sinceMs: recordedNowMs - 60_000,
      untilEpoch: null,
    }
    const { out } = await why('deals why yu3bdena', {
      provider: {
        'deals.get': async () => notesDeal({ state: 'Published', dealId: 7 }),
        'deals.log': async () => [
          { atMs: recordedNowMs - 600_000, event: 'accepted', state: 'Accepted', detail: '' },
        ],
      },
      sealer: {
        'pieces.list': async () => [
          {
            dealUuid: notesDeal().dealUuid,
            pieceCid: notesDeal().pieceCid,
            pieceSize: '32768',
            state: 'Waiting',
            stateSinceMs: recordedNowMs - 60_000,
            waiting,
            failure: null,
            proposalCid: notesDeal().proposalCid,
            publishCid: null,
            dealId: 7,
            sectorNumber: null,
          },
        ],
      },
    })
    expect(out).toContain(
      'Deal 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11  StorageDealAwaitingPreCommit for 3m12s\n',
    )
    expect(out).toContain(
      '  sealer:      waiting for sealer not accepting deal sectors (2 of 2 busy) (sealer, 1m0s)\n',
    )
    expect(out).toMatch(/History\n {2}\w{3} \d\d \S+ {2}accepted → Accepted\n/)
    expect(out).toMatch(/\(miner not asked: nothing runs at .*miner\.sock/)
  })

  it('why shows a publish message that never left', async () => {
    const cid = pushedMessage().cid ?? ''
    const { out } = await why('deals why yu3bdena', {
      provider: { 'deals.get': async () => notesDeal(), 'deals.log': async () => [] },
      sealer: { 'pieces.list': async () => [] },
      miner: {
        'publications.list': async () => [
          {
            requestId: notesDeal().dealUuid,
            proposalCid: notesDeal().proposalCid,
            state: 'Sent',
            stateSinceMs: recordedNowMs,
            waiting: null,
            failure: null,
            messageCid: cid,
            dealId: null,
          },
        ],
        'messages.get': async () =>
          pushedMessage({
            waiting: {
              for: 'nonces 12–13 before it',
              who: 'messager',
              sinceMs: recordedNowMs - 9_000,
              untilEpoch: null,
            },
          }),
      },
    })
    expect(out).toContain(
      `  message:     Pushed, nonce 14, ${cid}\n  message:     waiting for nonces 12–13 before it (messager, 9s)\n`,
    )
  })

  it('find resolves the ids that home gave, and names every id', async () => {
    const deal = notesDeal({
      preCommitCid: 'bafy2bzacealgjgwzmi2gqy5ynvwegjenrvrv7hisuvpbkdxhdjrxdgvdf6whe',
      sectorNumber: 2,
      sectorState: 'WaitSeed',
    })
    const unknown = Object.assign(new Error('no deal'), { code: 'DEAL_UNKNOWN', remedy: 'hold' })
    const apps = {
      provider: {
        'deals.get': async () => {
          throw unknown
        },
        'deals.list': async () => [deal],
      },
    }
    const { out } = await why('deals find ...xdgvdf6whe', apps)
    expect(out).toContain(`Deal UUID            ${deal.dealUuid}\n`)
    expect(out).toContain('Sector               2 (WaitSeed)\n')
    const none = await why('deals find bafynothing', apps)
    expect(none.code).toBe(1)
    expect(none.err).toContain('no deal has the id bafynothing among 1 deals')
  })
})
