import { dagCborCid, idAddress, keyAddress, randomnessTags } from '@sealane/actors'
import { attoFil, type ChainEpoch, epoch } from '@sealane/fil-units'
import type { ChainPort } from '../chain-port.js'
import { sameKey, type TipSet } from '../wire/tip-set.js'
import type { ComplianceCheck } from './compliance-check.js'
import { holds, refuses, same } from './expect.js'

/** How many tipsets back from the head are looked at. Unit: epochs. */
const lookBack = 20

/** An address and a CID that are of nothing. */
const stranger = keyAddress('secp256k1', new Uint8Array(65).fill(4))
const noObject = dagCborCid(new TextEncoder().encode('nothing has this CID'))

/** What the answers must say, asked through the client. Read-only. */
export const chainChecks: readonly ComplianceCheck[] = [
  {
    name: 'names itself, its network and its version',
    async run({ chain }) {
      const { apiVersion, blockDelaySeconds } = await chain.version()
      holds(apiVersion >> 16 === 2, `API version 2.x, got ${apiVersion.toString(16)}`)
      holds(blockDelaySeconds > 0, 'a block delay')
      const params = await chain.networkParams()
      same(params.networkName, await chain.networkName(), 'network name')
      same(params.blockDelaySeconds, blockDelaySeconds, 'block delay')
      holds((await chain.networkVersion()) >= 25, 'network version 25 or newer')
    },
  },
  {
    name: 'serves the head by its key, and every parent down to twenty tipsets',
    async run({ chain }) {
      const head = await chain.head()
      holds(sameKey((await chain.tipSet(head.key)).key, head.key), 'the head by its key')
      const { blockDelaySeconds, genesisTimestamp = (await chain.genesis()).timestamp } =
        await chain.networkParams()
      let at = head
      while (at.height > Math.max(0, head.height - lookBack)) {
        same(at.timestamp, genesisTimestamp + at.height * blockDelaySeconds, `timestamp of ${at.height}`)
        const parent = await parentOf(chain, at)
        holds(parent.height < at.height, `the parent of ${at.height} is below it`)
        at = parent
      }
    },
  },
  {
    name: 'finds tipsets by height, below its head only',
    async run({ chain }) {
      const head = await chain.head()
      const genesis = await chain.genesis()
      holds(
        sameKey((await chain.tipSetByHeight(epoch(0), head.key)).key, genesis.key),
        'genesis is at height 0',
      )
      const asked = epoch(Math.max(0, head.height - 3))
      const before = await chain.tipSetByHeight(asked, head.key)
      const after = await chain.tipSetAfterHeight(asked, head.key)
      holds(before.height <= asked && after.height >= asked, 'at or before, at or after')
      await refuses(() => chain.tipSetByHeight(epoch(head.height + 1_000), head.key))
    },
  },
  {
    name: 'knows the way from an ancestor to the head and back',
    async run({ chain }) {
      const head = await chain.head()
      const ancestor = await chain.tipSetByHeight(epoch(Math.max(0, head.height - lookBack)), head.key)
      const there = await chain.path(ancestor.key, head.key)
      let at = ancestor
      for (const { type, tipSet } of there) {
        same(type, 'apply', 'kind of change')
        holds(sameKey(tipSet.blocks[0]?.parents ?? [], at.key), `${tipSet.height} follows ${at.height}`)
        at = tipSet
      }
      holds(sameKey(at.key, head.key), 'the path ends at the head')
      const back = await chain.path(head.key, ancestor.key)
      holds(
        back.every(({ type }) => type === 'revert') && back.length === there.length,
        'the way back reverts as much',
      )
      same((await chain.path(head.key, head.key)).length, 0, 'changes from the head to itself')
    },
  },
  {
    name: 'has a receipt for every message, one tipset after the block that carries it',
    async run({ chain }) {
      let at = await chain.head()
      for (let back = 0; back < lookBack && at.height > 0; back++) {
        const [block] = at.key
        if (block === undefined) throw new Error('a tipset without blocks')
        const messages = await chain.parentMessages(block)
        const receipts = await chain.parentReceipts(block)
        same(receipts.length, messages.length, `receipts at ${at.height}`)
        const parent = await parentOf(chain, at)
        for (const [index, { cid }] of messages.entries()) {
          const found = await chain.searchMessage(cid, { at: at.key })
          holds(found !== undefined && found.height === at.height, `${cid} was executed by ${at.height}`)
          same(found?.receipt.exitCode, receipts[index]?.exitCode, `exit code of ${cid}`)
          same(
            await chain.searchMessage(cid, { at: parent.key }),
            undefined,
            `${cid} as seen from ${parent.height}`,
          )
        }
        at = parent
      }
    },
  },
  {
    name: 'tells the current head first to whoever subscribes',
    async run({ chain }) {
      const stop = new AbortController()
      for await (const [first] of chain.notify(stop.signal)) {
        same(first?.type, 'current', 'first change')
        break
      }
      stop.abort()
    },
  },
  {
    name: 'says what it does not have, by names that a program can tell apart',
    async run({ chain }) {
      same(await chain.getActor(stranger), undefined, 'actor of a stranger')
      same(await chain.lookupId(stranger), undefined, 'ID of a stranger')
      same(await chain.marketDeal(2 ** 40), undefined, 'a deal far ahead')
      same(await chain.hasObject(noObject), false, 'an object of nothing')
      await refuses(() => chain.getMessage(noObject), 'NOT_FOUND')
      await refuses(() => chain.tipSet([noObject]), 'NOT_FOUND')
      await refuses(() => chain.minerInfo(idAddress(99)))
      await refuses(() =>
        chain.estimateGas({
          version: 0,
          to: idAddress(99),
          from: stranger,
          nonce: 0,
          value: attoFil(1n),
          gasLimit: 0,
          gasFeeCap: attoFil(0n),
          gasPremium: attoFil(0n),
          method: 0,
          params: new Uint8Array(),
        }),
      )
    },
  },
  {
    name: 'draws the same randomness again, before genesis too, but never from the future',
    async run({ chain }) {
      const head = await chain.head()
      const { SealRandomness, InteractiveSealChallengeSeed } = randomnessTags
      const entropy = new Uint8Array([0x43, 0, 0xe8, 7])
      const ticket = (at: ChainEpoch) => chain.ticketRandomness(SealRandomness, at, entropy, head.key)
      const beacon = (at: ChainEpoch) =>
        chain.beaconRandomness(InteractiveSealChallengeSeed, at, entropy, head.key)
      for (const draw of [ticket, beacon]) {
        const once = await draw(epoch(head.height - 1))
        same(once.length, 32, 'bytes')
        same(Buffer.compare(once, await draw(epoch(head.height - 1))), 0, 'the second draw')
        await refuses(() => draw(epoch(head.height + 100)))
      }
      same((await ticket(epoch(-730))).length, 32, 'bytes before genesis')
    },
  },
  {
    name: 'has forty-eight deadlines for a miner, and every sector in one of them',
    async run({ chain }) {
      const head = await chain.head()
      for (const miner of (await chain.listMiners(head.key)).slice(0, 3)) {
        const info = await chain.provingDeadline(miner, head.key)
        holds(info.open <= head.height && head.height < info.close, 'the open deadline is open')
        same(info.close - info.open, info.wpostChallengeWindow, 'window')
        same((await chain.deadlines(miner, head.key)).length, info.wpostPeriodDeadlines, 'deadlines')
        for (const { sectorNumber } of (await chain.sectors(miner, undefined, head.key)).slice(0, 3)) {
          const place = await chain.sectorPartition(miner, sectorNumber, head.key)
          if (place === undefined) throw new Error(`sector ${sectorNumber} is nowhere`)
          const partition = (await chain.partitions(miner, place.deadline, head.key))[place.partition]
          holds(
            partition?.allSectors.has(sectorNumber) === true,
            `sector ${sectorNumber} is where it should be`,
          )
          holds(await chain.sectorAllocated(miner, sectorNumber, head.key), `number ${sectorNumber} is taken`)
        }
      }
    },
  },
]

async function parentOf(chain: ChainPort, of: TipSet): Promise<TipSet> {
  return await chain.tipSet(of.blocks[0]?.parents ?? [])
}
