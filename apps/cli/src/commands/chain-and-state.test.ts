import { describe, expect, it } from 'vitest'
import { minerInfo } from '../testing/lotus-answers.js'
import { recorded } from '../testing/recorded.js'
import { provenSector } from '../testing/rows.js'
import { runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { recordedNetwork, scriptedNode, tipSetJson } from '../testing/scripted-node.js'

const headCid = 'bafy2bzaceazitw6czi2w7xuu3c7dnm5l5yg6g4neav5n7ufmznxsxzpfie2m6'
const head = {
  height: 7129,
  cid: headCid,
  parent: headCid,
  timestamp: Date.UTC(2026, 10, 22, 15, 22, 9) / 1000,
}
const cid = (text: string) => ({ '/': text })
const unseen = 'bafyreiesjihvm2cplg6zd3hhxgjfp2ct4v6ikqowa3zvfpuoroinsdviue'

async function node(script: Record<string, unknown>) {
  return await scriptedNode({ ...recordedNetwork, ChainHead: tipSetJson(head), ...script })
}

describe('chain', () => {
  it('head prints the block CIDs', async () => {
    const env = await node({})
    expect((await runCommand('chain head', env)).out).toBe(`${headCid}\n`)
    expect(JSON.parse((await runCommand('chain head --json', env)).out)).toEqual({
      cids: [headCid],
      height: 7129,
      timestamp: head.timestamp,
    })
  })

  it('list prints as lotus did, oldest first', async () => {
    const lines = recorded('chain-list').trimEnd().split('\n')
    const cids = lines.map((line) => /\[ (\w+):/.exec(line)?.[1] ?? '')
    // The recording's clock showed UTC; ours shows where we are.
    const local = (height: number) => new Date(Date.UTC(2026, 10, 22, 15, 22, 2 + height - 7122))
    const tipSet = (height: number) =>
      tipSetJson({
        height,
        cid: cids[height - 7122] ?? '',
        parent: cids[height - 7123] ?? headCid,
        timestamp: local(height).getTime() / 1000,
      })
    const env = await scriptedNode({
      ...recordedNetwork,
      ChainHead: tipSet(7129),
      ChainGetTipSet: (key: { '/': string }[]) => tipSet(7122 + cids.indexOf(key[0]?.['/'] ?? '')),
    })
    const { out } = await runCommand('chain list --count 8', env)
    const offsetHours = local(7122).getHours() - 15
    const shifted = recorded('chain-list').replaceAll(
      ' 15:',
      ` ${String(15 + offsetHours).padStart(2, '0')}:`,
    )
    expect(out).toBe(shifted)
    expect((await runCommand('chain list --count 2', env)).out).toBe(
      `${shifted.split('\n').slice(6, 8).join('\n')}\n`,
    )
  })

  it('getmessage prints a BLS message as lotus did', async () => {
    const { CID, ...message } = JSON.parse(recorded('chain-getmessage')) as { CID: { '/': string } } & Record<
      string,
      unknown
    >
    const { encodeMessage, messageFromJson } = await import('@sealane/actors')
    const bytes = Buffer.from(encodeMessage(messageFromJson(message))).toString('base64')
    const { out } = await runCommand(`chain getmessage ${CID['/']}`, await node({ ChainReadObj: bytes }))
    expect(out).toBe(recorded('chain-getmessage'))
  })

  it('getmessage finds what is still pending', async () => {
    const pending = JSON.parse(recorded('mpool-pending-one')) as { CID: { '/': string } }
    const env = await node({
      ChainReadObj: () => {
        throw new Error('blockstore get: ipld: could not find it')
      },
      MpoolPending: [pending],
    })
    const { out } = await runCommand(`chain getmessage ${pending.CID['/']}`, env)
    expect(out).toBe(recorded('mpool-pending-one'))
  })

  it('getmessage says what a signed proposal’s CID is', async () => {
    const env = await node({
      ChainReadObj: () => {
        throw new Error(`blockstore get: ipld: could not find ${unseen}`)
      },
      MpoolPending: [],
    })
    const { err, code } = await runCommand(`chain getmessage ${unseen}`, env)
    expect(code).toBe(1)
    expect(err).toContain(recorded('chain-getmessage-unknown').trimEnd())
    expect(err).toContain(`not a message: sealane deals find ${unseen}`)
    const none = await runCommand('chain getmessage', env)
    expect(none).toMatchObject({ code: 64, err: 'ERROR: must pass a cid of a message to get\n' })
  })
})

describe('mpool pending', () => {
  it('prints signed messages as lotus did, or their CIDs', async () => {
    const message = JSON.parse(recorded('mpool-pending-one')) as { CID: { '/': string } }
    const env = await node({ MpoolPending: [message] })
    expect((await runCommand('mpool pending', env)).out).toBe(recorded('mpool-pending-one'))
    expect((await runCommand('mpool pending --cids', env)).out).toBe(`${message.CID['/']}\n`)
    expect(JSON.parse((await runCommand('mpool pending --json', env)).out)).toEqual([message])
    expect((await runCommand('mpool pending --to t01000', env)).out).toBe('')
  })
})

describe('state', () => {
  const miner = {
    StateMinerInfo: minerInfo,
    StateMinerPower: {
      MinerPower: { RawBytePower: '28672', QualityAdjPower: '102400' },
      TotalPower: { RawBytePower: '28672', QualityAdjPower: '102400' },
      HasMinPower: true,
    },
    StateMinerAvailableBalance: '65474592035207185396067',
    StateMinerProvingDeadline: {
      CurrentEpoch: 7129,
      PeriodStart: 6418,
      Index: 11,
      Open: 7078,
      Close: 7138,
      Challenge: 7058,
      FaultCutoff: 7008,
      WPoStPeriodDeadlines: 48,
      WPoStProvingPeriod: 2880,
      WPoStChallengeWindow: 60,
      WPoStChallengeLookback: 20,
      FaultDeclarationCutoff: 70,
    },
  }

  it('miner-info prints as lotus did', async () => {
    const { out } = await runCommand('state miner-info t01000', await node(miner))
    expect(out).toBe(recorded('state-miner-info'))
  })

  it('power prints as lotus did', async () => {
    const env = await node(miner)
    expect((await runCommand('state power t01000', env)).out).toBe(recorded('state-power'))
    expect((await runCommand('state power', env)).out).toBe('102400(100 KiB)\n')
  })

  it('get-actor prints as lotus did, and says when a new address is on chain', async () => {
    const code = 'bafk2bzacedhvcxgdz2w75izwa5s5dwvsrxsnzkjcbpbresziyrrjrsvjzwvxe'
    const env = await node({
      StateActorCodeCIDs: { storageminer: cid(code) },
      StateGetActor: {
        Code: cid(code),
        Head: cid('bafy2bzacea6rli6sbg3uw5vx5grgkmtgu343prrhbznyw5irszfx6vhpp5vr6'),
        Nonce: 0,
        Balance: '258583893773978617175336',
        DelegatedAddress: null,
      },
    })
    // lotus named the newest bundle that has this code; we name the one that the network's version runs.
    const text = recorded('state-get-actor-miner').replace('fil/19', 'fil/18')
    expect((await runCommand('state get-actor t01000', env)).out).toBe(text)
    const unknown = 't3rf66ofoxbf7pb7dauajwx726wjsfno3jdvpyzyu6exjj7ecaqualdqureq42jrnws4z64aacamgmtexmbzpa'
    const missing = await node({
      StateGetActor: () => {
        throw new Error(`resolution lookup failed (${unknown}): resolve address ${unknown}: actor not found`)
      },
    })
    const { err, code: exit } = await runCommand(`state get-actor ${unknown}`, missing)
    expect(exit).toBe(1)
    expect(err).toContain(recorded('state-get-actor-unknown').trimEnd())
    expect(err).toContain('on chain only once someone has sent it money')
  })

  it('sector prints as lotus did', async () => {
    const env = await node({
      ChainHead: tipSetJson({ ...head, height: 7130, timestamp: Date.UTC(2026, 10, 22, 15, 22, 10) / 1000 }),
      StateSectorGetInfo: {
        SectorNumber: 2,
        SealProof: 5,
        SealedCID: cid('bagboea4b5abcazmgwhzxaiontubbietbvgtjbjgz7uy2h4zynvvdgwvk4wmqb23c'),
        Activation: 301,
        Expiration: 1552490,
        DealWeight: '0',
        VerifiedDealWeight: '3177240576',
        InitialPledge: '596046438400',
        ExpectedDayReward: null,
        ExpectedStoragePledge: null,
        PowerBaseEpoch: 301,
        ReplacedDayReward: null,
        SectorKeyCID: cid('bagboea4b5abca2zc3cp23aignqeequreyrwlcf3jlhq5mgvldmd2d3kt2bukznrn'),
        Flags: 1,
        DailyFee: '1858170',
      },
      StateSectorPartition: { Deadline: 1, Partition: 0 },
    })
    const apps = await scriptedApps({
      sealer: { 'sectors.get': async () => provenSector({ sectorNumber: 2 }) },
    })
    const { out } = await runCommand('state sector t01000 2', { ...env, ...apps })
    // Times were printed in UTC there, and where we are here.
    const times = /\(\d\d \w{3} \d\d \d\d:\d\d [\w+-]+, /g
    expect(out.replace(times, '(')).toBe(recorded('state-sector').replace(times, '('))
    expect(out).toMatch(/Activation: {2}301 \(\d\d Nov 26 \d\d:28 \S+, 1 hour 53 minutes ago\)/)
  })

  it('sector says what is known of one that is not proven', async () => {
    const env = await node({
      StateSectorGetInfo: null,
      StateSectorPartition: null,
      StateSectorPreCommitInfo: null,
    })
    const { err, code } = await runCommand('state sector t01000 9', env)
    expect(code).toBe(1)
    expect(err).toContain(
      'sector 9 of t01000 not found on chain; if its messages landed, this node is on a fork',
    )
  })

  it('deal prints lotus’ JSON', async () => {
    const deal = {
      Proposal: {
        PieceCID: cid('baga6ea4seaqbkk7lnzrj22y3clzbl2g5swpnp2llnbjod2x5qhlca3cev54sqmq'),
        PieceSize: 2048,
        VerifiedDeal: true,
        Client: 't0100',
        Provider: 't01000',
        Label: '0',
        StartEpoch: 0,
        EndEpoch: 3675537,
        StoragePricePerEpoch: '0',
        ProviderCollateral: '0',
        ClientCollateral: '0',
      },
      State: { SectorNumber: 0, SectorStartEpoch: 0, LastUpdatedEpoch: -1, SlashEpoch: -1 },
    }
    const { out } = await runCommand('state deal 0', await node({ StateMarketStorageDeal: deal }))
    expect(JSON.parse(out)).toEqual(deal)
    const none = await node({
      StateMarketStorageDeal: () => {
        throw new Error(
          'deal 5 not found - deal may not have completed sealing before deal proposal start epoch, or deal may have been slashed',
        )
      },
    })
    expect((await runCommand('state deal 5', none)).err).toMatch(
      /^ERROR: deal 5 not found\n {2}next: it was never published/,
    )
  })

  it('says what to do when the node is not there, or refuses', async () => {
    const away = await runCommand('chain head', { FULLNODE_API_INFO: '/ip4/127.0.0.1/tcp/1/http' })
    expect(away.code).toBe(1)
    expect(away.err).toContain('next: is the chain node up?')
    const none = await runCommand('chain head')
    expect(none.err).toMatch(/no chain node known: run "npm start".*FULLNODE_API_INFO=/)
    const refused = await node({
      StateMinerInfo: () => {
        throw new Error('failed to load miner actor state: actor code is not miner: account')
      },
    })
    const { err } = await runCommand('state miner-info t0100', { ...refused })
    expect(err).toMatch(
      /^ERROR: failed to load miner actor state: actor code is not miner: account\n {2}next: /,
    )
    expect((await runCommand('state miner-info nonsense', refused)).code).toBe(1)
  })
})
