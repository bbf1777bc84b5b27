import { idOf, parseAddress } from '@sealane/actors'
import { type HealthRoom, halt, type Log, remedyOf } from '@sealane/host'
import type { minerV1 } from '@sealane/proto'
import type { Kysely } from 'kysely'
import type { PieceStore } from '../intake/piece-store.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import { applyEvent, lastSequence, type Touched } from './apply-event.js'
import type { HomeFacts } from './home-facts.js'

/** Wait between attempts while the miner app is away or not ready. Unit: ms. */
const AGAIN_MS = 1_000

export interface FollowOptions {
  db: Kysely<SealerDb>
  miner: minerV1.MinerServiceClient
  facts: HomeFacts
  sectors: SectorStore
  pieces: PieceStore
  touched: (touched: Touched) => void
  lamp: HealthRoom
  log: Log
  now: () => number
  signal: AbortSignal
}

/** Home's one view of the chain: learns the miner, then applies its events in order, for ever, across its restarts. */
export async function followMiner(o: FollowOptions): Promise<void> {
  while (!o.signal.aborted) {
    try {
      const status = await o.miner.getStatus({}, { signal: o.signal })
      if (!status.ready) {
        o.lamp.red(`the miner app waits for ${status.waitingFor}`)
        await pause(o.signal)
        continue
      }
      await learn(status, o)
      const after = await lastSequence(o.db)
      for await (const event of o.miner.subscribe({ afterSequence: after }, { signal: o.signal })) {
        o.lamp.green()
        if (event.fact?.$case === 'head') o.facts.learnHead(event.fact.value.epoch)
        else o.touched(await applyEvent(event, o.sectors, o.pieces, o.now()))
      }
    } catch (error) {
      if (o.signal.aborted) return
      if (remedyOf(error) === 'halt') halt(error)
      o.lamp.red(`the miner app does not answer: ${error instanceof Error ? error.message : String(error)}`)
      if (remedyOf(error) === 'retry') o.log.debug('miner stream ended', { error })
      else o.log.error('miner event not applied', { error })
    }
    await pause(o.signal)
  }
}

/** A database belongs to one miner for ever: another one's answers would mix two miners' sectors. */
async function learn(status: minerV1.GetStatusResponse, o: FollowOptions): Promise<void> {
  const id = idOf(parseAddress(status.miner))
  if (id === undefined) throw new Error(`the miner app calls itself ${status.miner}, not an ID address`)
  const known = await o.db.selectFrom('facts').select('value').where('name', '=', 'miner').executeTakeFirst()
  const name = `${status.networkName} ${status.miner}`
  if (known && known.value !== name) {
    throw new SealerError(
      { code: 'WRONG_MINER', known: known.value, answered: name },
      `this database is of ${known.value}, the miner app is ${name}: use the state directory that belongs to it`,
    )
  }
  if (!known) await o.db.insertInto('facts').values({ name: 'miner', value: name }).execute()
  o.facts.learnMiner({
    id,
    address: parseAddress(status.miner),
    networkName: status.networkName,
    sectorSizeBytes: status.sectorSize,
    keySetDigest: status.keySetDigest,
  })
  o.facts.learnHead(status.headEpoch)
  o.facts.blockDelaySeconds = status.blockDelaySeconds
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, AGAIN_MS)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
