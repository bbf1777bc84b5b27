import { type Address, idAddress, keyAddress, parseCid, randomnessTags } from '@sealane/actors'
import { epoch, paddedSize } from '@sealane/fil-units'
import { ChainError } from '../chain-error.js'
import type { ChainPort } from '../chain-port.js'
import type { SectorOnChainInfo } from '../wire/miner.js'
import type { TipSet } from '../wire/tip-set.js'
import type { ComplianceCheck, ComplianceContext } from './compliance-check.js'
import { holds, Skipped } from './expect.js'

/** Whom the questions are about: the first miner that has a sector, else the first. */
interface Subject {
  readonly head: TipSet
  readonly miner: Address | undefined
  readonly sector: SectorOnChainInfo | undefined
}

interface MethodCheck {
  readonly method: string
  /** Which of our rooms needs it, and for what: a node without it is named by this. */
  readonly usedFor: string
  /** Lotus has it since; an older node is not at fault. */
  readonly since?: string
  ask(chain: ChainPort, subject: Subject, context: ComplianceContext): Promise<unknown>
}

/** A sector is looked for in so many miners. */
const minersLookedAt = 3
/** An account that no network has. */
const stranger = keyAddress('secp256k1', new Uint8Array(65).fill(4))

function minerOf({ miner }: Subject): Address {
  if (miner === undefined) throw new Skipped('the network has no miner')
  return miner
}

function sectorOf({ sector }: Subject): SectorOnChainInfo {
  if (sector === undefined) throw new Skipped(`none of the first ${minersLookedAt} miners has a sector`)
  return sector
}

function blockOf({ head }: Subject) {
  const [block] = head.key
  if (block === undefined) throw new Error('a head without blocks')
  return block
}

/**
 * Every reading method that Sealane calls and no other check asks, each asked once and read into our own types: a field that is missing
 * or of another kind fails here and not in the middle of a sector's life.
 */
const methods: readonly MethodCheck[] = [
  {
    method: 'ChainGetBlock',
    usedFor: 'the miner: null rounds',
    ask: (chain, subject) => chain.block(blockOf(subject)),
  },
  {
    method: 'ChainGetBlockMessages',
    usedFor: 'operators: a block’s messages',
    ask: (chain, subject) => chain.blockMessages(blockOf(subject)),
  },
  {
    method: 'ChainGetFinalizedTipSet',
    usedFor: 'operators: what can no longer change',
    ask: (chain) => chain.finalizedTipSet(),
  },
  {
    method: 'ChainTipSetWeight',
    usedFor: 'every room: which of several nodes is ahead',
    ask: (chain, { head }) => chain.tipSetWeight(head.key),
  },
  {
    method: 'StateAccountKey',
    usedFor: 'the provider: a client’s key',
    async ask(chain, subject) {
      const { owner } = await chain.minerInfo(minerOf(subject), subject.head.key)
      return await chain.accountKey(owner, subject.head.key).catch((error: unknown) => {
        // A multisig owns many a miner.
        if (error instanceof ChainError && /unknown actor code|not account|cannot resolve/.test(error.text))
          throw new Skipped(`the owner ${owner} is no account`)
        throw error
      })
    },
  },
  {
    method: 'StateLookupRobustAddress',
    usedFor: 'operators: a miner’s lasting address',
    ask: (chain, subject) => chain.robustAddress(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateMinerPower',
    usedFor: 'npm start: power before and after',
    ask: (chain, subject) => chain.minerPower(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateMinerAvailableBalance',
    usedFor: 'the miner: what may be withdrawn',
    ask: (chain, subject) => chain.availableBalance(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateMinerActiveSectors',
    usedFor: 'the miner: what a deadline must prove',
    ask: (chain, subject) => chain.activeSectors(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateMinerAllocated',
    usedFor: 'the miner: sector numbers that are taken',
    ask: (chain, subject) => chain.allocatedSectors(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateMinerFaults',
    usedFor: 'the miner: faults',
    ask: (chain, subject) => chain.minerFaults(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateMinerRecoveries',
    usedFor: 'the miner: recoveries',
    ask: (chain, subject) => chain.minerRecoveries(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateSectorGetInfo',
    usedFor: 'the sealer: activation and expiration',
    ask: (chain, subject) =>
      chain.sectorInfo(minerOf(subject), sectorOf(subject).sectorNumber, subject.head.key),
  },
  {
    method: 'StateSectorExpiration',
    usedFor: 'operators: when a sector ends',
    ask: (chain, subject) =>
      chain.sectorExpiration(minerOf(subject), sectorOf(subject).sectorNumber, subject.head.key),
  },
  {
    method: 'StateMinerPreCommitDepositForPower',
    usedFor: 'the miner: the value of PreCommit',
    ask(chain, subject) {
      const { sectorNumber, sealProof, sealedCid, expiration } = sectorOf(subject)
      const info = { sectorNumber, sealProof, sealedCid, expiration, dealIds: [] }
      const sealRandEpoch = epoch(subject.head.height - 1)
      return chain.preCommitDeposit(minerOf(subject), { ...info, sealRandEpoch }, subject.head.key)
    },
  },
  {
    method: 'StateMinerInitialPledgeForSector',
    usedFor: 'the miner: the value of ProveCommit',
    // filecoin-project/lotus PR #12384.
    since: 'v1.29',
    ask: (chain, { head }) =>
      chain.initialPledge({ durationEpochs: 518_400, sectorSize: 2n ** 35n }, head.key),
  },
  {
    method: 'StateMinerCreationDeposit',
    usedFor: 'the miner: the value of CreateMiner',
    // filecoin-project/lotus PR #13308.
    since: 'v1.34',
    ask: (chain, { head }) => chain.creationDeposit(head.key),
  },
  {
    method: 'StateGetBeaconEntry',
    usedFor: 'proofs: the beacon of an epoch',
    ask: (chain, { head }) => chain.beaconEntry(epoch(head.height - 1)),
  },
  {
    method: 'StateGetRandomnessFromBeacon',
    usedFor: 'proofs: the challenge of a WindowPoSt',
    ask: (chain, { head }) =>
      chain.beaconRandomness(
        randomnessTags.WindowedPoStChallengeSeed,
        epoch(head.height - 1),
        new Uint8Array([0x42, 0, 1]),
        head.key,
      ),
  },
  {
    method: 'StateMarketBalance',
    usedFor: 'the provider: a client’s escrow',
    ask: (chain, subject) => chain.marketBalance(minerOf(subject), subject.head.key),
  },
  {
    method: 'StateDealProviderCollateralBounds',
    usedFor: 'the provider: the least collateral',
    ask: (chain, { head }) => chain.collateralBounds(paddedSize(2n ** 35n), false, head.key),
  },
  {
    method: 'StateVMCirculatingSupplyInternal',
    usedFor: 'the miner: pledge',
    ask: (chain, { head }) => chain.circulatingSupply(head.key),
  },
  {
    method: 'GasEstimateGasPremium',
    usedFor: 'the miner: replace by fee',
    ask: (chain) => chain.estimateGasPremium(10, idAddress(1), 10_000_000),
  },
  {
    method: 'MpoolGetNonce',
    usedFor: 'the miner: the next nonce',
    async ask(chain, subject) {
      const { worker } = await chain.minerInfo(minerOf(subject), subject.head.key)
      return await chain.mpoolNonce(worker)
    },
  },
  {
    method: 'MpoolPending',
    usedFor: 'the miner: holes in a sender’s nonces (where it is missing, MpoolGetNonce tells of them)',
    ask: (chain) => chain.mpoolPending(),
  },
  {
    method: 'MpoolGetConfig',
    usedFor: 'the miner: own messages first, on a node of ours',
    ask: (_chain, _subject, { ask }) => ask('Filecoin.MpoolGetConfig'),
  },
  {
    method: 'WalletBalance',
    usedFor: 'the provider: a client’s money',
    async ask(chain) {
      holds((await chain.walletBalance(stranger)) === 0n, 'an address of nobody has 0')
    },
  },
  { method: 'SyncState', usedFor: 'doctor: whether the node has synced', ask: (chain) => chain.syncState() },
  { method: 'NetPeers', usedFor: 'doctor: peers of the node', ask: (chain) => chain.peers() },
  {
    method: 'ChainReadObj',
    usedFor: 'operators: raw objects',
    async ask(chain, subject) {
      const bytes = await chain.readObject(parseCid(blockOf(subject)))
      holds(bytes.length > 0, 'the bytes of a block')
    },
  },
]

/** Read-only. */
export function methodChecks(): readonly ComplianceCheck[] {
  let subject: Promise<Subject> | undefined
  return methods.map(({ method, usedFor, since, ask }) => ({
    name: `method ${method}: ${usedFor}`,
    async run(context) {
      subject ??= subjectOf(context.chain)
      try {
        await ask(context.chain, await subject, context)
      } catch (cause) {
        if (!(cause instanceof ChainError) || (cause.code !== 'NO_METHOD' && cause.code !== 'REFUSED'))
          throw cause
        if (cause.code === 'NO_METHOD' && since === undefined && !optional.has(method)) throw cause
        const why = since === undefined ? '' : ` (lotus has it since ${since})`
        throw new Skipped(`${cause.text}${why}`)
      }
    },
  }))
}

/** What services for many keep to themselves, and Sealane can do without. */
const optional: ReadonlySet<string> = new Set(['MpoolPending', 'MpoolGetConfig', 'SyncState', 'NetPeers'])

async function subjectOf(chain: ChainPort): Promise<Subject> {
  const head = await chain.head()
  const miners = (await chain.listMiners(head.key)).slice(0, minersLookedAt)
  for (const miner of miners) {
    const [sector] = await chain.sectors(miner, undefined, head.key)
    if (sector !== undefined) return { head, miner, sector }
  }
  return { head, miner: miners[0], sector: undefined }
}
