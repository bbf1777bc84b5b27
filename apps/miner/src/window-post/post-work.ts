import { Injectable } from '@nestjs/common'
import type { Address } from '@sealane/actors'
import { Log } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { backoffMs, writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { ProofCheck } from '../proofs/proof-check.js'
import { Collecting } from './collecting.js'
import { rowIdOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { type Claim, PostClaims } from './post-claims.js'
import { SectorHomes } from './sector-homes.js'
import { VanillaFiles } from './vanilla-files.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPost } from './window-post.js'
import { WindowPostOptions } from './window-post-options.js'

/** Failures of reading that may pass by themselves: the line, the child process, the machine. The others say the sector's files are bad. */
const passing: ReadonlySet<string> = new Set([
  'NATIVE_FAILED',
  'CHILD_DIED',
  'CANCELLED',
  'FILE_TRANSFER',
  'UNKNOWN',
])
/** A SNARK whose maker failed is asked for again after this, growing. Unit: ms. */
const SNARK_AGAIN_MS = { baseMs: 1_000, capMs: 30_000 }

/** What workers ask of the miner: who they are, what they may work on, and what became of it. Makes no proof itself. */
@Injectable()
export class PostWork {
  constructor(
    private readonly db: MinerDb,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly proofs: ProofCheck,
    private readonly homes: SectorHomes,
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly files: VanillaFiles,
    private readonly claims: PostClaims,
    private readonly collecting: Collecting,
    private readonly windowPost: WindowPost,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly options: WindowPostOptions,
  ) {}

  /** What was logged of each worker's last registration. */
  readonly #told = new Map<string, string>()

  async register(request: workV1.RegisterRequest): Promise<workV1.RegisterResponse> {
    const answer = {
      miner: '',
      networkName: '',
      sectorSize: 0,
      keySetDigest: '',
      heartbeatMs: this.options.heartbeatMs,
      refusal: '',
      retiredClaims: [],
    }
    const { version } = this.options
    if (request.version !== version) {
      return {
        ...answer,
        refusal: `worker version ${request.version}, miner version ${version}: install the same on both`,
      }
    }
    const miner = await this.actor.find()
    // Without a miner actor there is nothing to prove, and the worker cannot name its files: it asks again.
    if (miner === undefined || this.network.known === undefined) return answer
    try {
      this.proofs.allowProver(request.prover)
    } catch (error) {
      return { ...answer, refusal: error instanceof Error ? error.message : String(error) }
    }
    await this.homes.register(request)
    const sectors = request.paths.reduce((sum, path) => sum + path.sectors.length, 0)
    const paths = request.paths.map(({ id }) => id)
    const word = JSON.stringify([request.session, request.hostname, paths, sectors])
    // Workers register anew whenever something lies elsewhere: one line for each change of what it amounts to.
    if (this.#told.get(request.workerId) !== word)
      this.log.info('worker registered', {
        worker: request.workerId,
        host: request.hostname,
        paths,
        sectors,
      })
    this.#told.set(request.workerId, word)
    await this.windowPost.offerAgain()
    return {
      ...answer,
      miner: miner.address,
      networkName: this.network.known.name,
      sectorSize: Number(miner.sectorSize),
      keySetDigest: this.proofs.keySet().digest,
    }
  }

  async claim(request: workV1.ClaimRequest): Promise<workV1.ClaimResponse> {
    const answer = await this.claims.grant(request)
    const { row, task, workerId } = request
    if (answer.claimId === '')
      this.log.debug('claim refused', { row, task, worker: workerId, reason: answer.reason })
    else
      this.log.info('claim granted', {
        row,
        task,
        worker: workerId,
        storage: answer.task?.storageId,
        claim: answer.claimId,
      })
    return answer
  }

  async heartbeat(request: workV1.HeartbeatRequest): Promise<workV1.HeartbeatResponse> {
    if (request.claimId === '') return { valid: await this.homes.seen(request.workerId) }
    return { valid: await this.claims.renew(request) }
  }

  async complete(request: workV1.CompleteRequest): Promise<workV1.CompleteResponse> {
    const claim = await this.claims.find(request.claimId)
    if (claim === undefined || claim.worker_id !== request.workerId)
      return { accepted: false, reason: 'no such claim of this worker' }
    // An answer that got lost on its way is given again.
    if (claim.state === 'done') return { accepted: true, reason: 'was completed before' }
    if (claim.state !== 'held') return { accepted: false, reason: `the claim is over: ${claim.state}` }
    const { result } = request
    const answer =
      result?.$case === 'postVanilla' && claim.task === 'post.vanilla'
        ? await this.#vanillaDone(claim, result.value)
        : result?.$case === 'postSnark' && claim.task === 'post.snark'
          ? await this.#snarkDone(claim, result.value.proof)
          : { accepted: false, reason: `${result?.$case ?? 'nothing'} is no result of ${claim.task}` }
    if (!answer.accepted)
      this.log.warn('result refused', { row: claim.row, claim: claim.claim_id, reason: answer.reason })
    this.windowPost.nudge()
    return answer
  }

  async #vanillaDone(claim: Claim, result: workV1.PostVanillaDone): Promise<workV1.CompleteResponse> {
    const { address } = await this.actor.require()
    const delivered: { sector: number; sizeBytes: number | undefined }[] = []
    for (const sector of result.proven) {
      delivered.push({
        sector,
        sizeBytes: await this.files.delivered(claim.row, claim.turn, claim.claim_id, sector),
      })
    }
    return await writing(this.db, async (trx) => {
      const stale = await this.#stale(trx, address, claim)
      if (stale !== undefined) return stale
      for (const { sector, sizeBytes } of delivered) {
        if (sizeBytes !== undefined) await this.vanilla.arrived(trx, claim, sector, sizeBytes)
        else
          await this.vanilla.failedOn(trx, claim, {
            sector,
            reason: 'said to be delivered, but not on the hub',
            mayPass: true,
          })
      }
      for (const { sectorNumber: sector, code, text } of result.failed) {
        await this.vanilla.failedOn(trx, claim, {
          sector,
          reason: `${code}: ${text}`,
          mayPass: passing.has(code),
        })
      }
      await this.claims.end(trx, claim, 'done')
      // Sectors that may be read from another path, or once more, are offered at once.
      const row = await this.claims.rowOf(trx, address, claim)
      if (row !== undefined) await this.partitions.note(row, { wake_at: null }, trx)
      return { accepted: true, reason: '' }
    })
  }

  /** A proof is worth something once our own verifier says so, of these sectors and this challenge. */
  async #snarkDone(claim: Claim, proof: Uint8Array): Promise<workV1.CompleteResponse> {
    const miner = await this.actor.require()
    const row = await this.claims.rowOf(this.db, miner.address, claim)
    if (
      row === undefined ||
      row.state !== 'Proving' ||
      row.randomness === null ||
      row.collect_turn === null
    ) {
      return { accepted: false, reason: 'stale: the partition has moved on' }
    }
    const sectors = (await this.vanilla.of(rowIdOf(row), row.collect_turn))
      .filter(({ state }) => state === 'arrived')
      .map(({ sector_number, comm_r }) => ({ sectorNumber: sector_number, commR: comm_r }))
    const verifier = await this.proofs.verifier()
    const { randomness } = row
    const valid = await verifier.verifyWindowPost({
      minerId: miner.id,
      sectorSize: miner.sectorSize,
      randomness,
      proof,
      sectors,
    })
    const worker = await this.db
      .selectFrom('workers')
      .select('prover')
      .where('worker_id', '=', claim.worker_id)
      .executeTakeFirst()
    const prover = worker?.prover ?? ''
    this.proofs.allowProver(prover)
    const headEpoch = this.watch.head?.height ?? row.challenge
    return await writing(this.db, async (trx) => {
      const stale = await this.#stale(trx, miner.address, claim)
      if (stale !== undefined) return stale
      await this.claims.end(trx, claim, 'done')
      if (!valid) {
        await this.collecting.spoil(trx, row, headEpoch, 'its proof did not verify: everything is read again')
        return { accepted: false, reason: 'the proof does not verify' }
      }
      await this.partitions.move(trx, row, 'proved', { proof, prover })
      return { accepted: true, reason: '' }
    })
  }

  async #stale(trx: MinerTransaction, miner: Address, claim: Claim) {
    const current = await this.claims.find(claim.claim_id, trx)
    if (current?.state !== 'held')
      return { accepted: false, reason: `the claim is over: ${current?.state ?? 'gone'}` }
    if ((await this.claims.rowOf(trx, miner, claim)) !== undefined) return undefined
    await this.claims.end(trx, claim, 'expired')
    return { accepted: false, reason: 'stale: the partition has moved on' }
  }

  async release(request: workV1.ReleaseRequest): Promise<workV1.ReleaseResponse> {
    const miner = await this.actor.find()
    if (miner === undefined) return {}
    const { code, remedy, text } = request
    const gone = code === '' ? undefined : await this.#goneFromHub(miner.address, request.claimId)
    const released = await writing(this.db, async (trx) => {
      const claim = await this.claims.find(request.claimId, trx)
      if (claim === undefined || claim.state !== 'held' || claim.worker_id !== request.workerId)
        return undefined
      await this.claims.end(trx, claim, 'released')
      const row = await this.claims.rowOf(trx, miner.address, claim)
      if (row === undefined) return undefined
      if (code === '') return { claim, row, again: true }
      const failure = JSON.stringify({ code, remedy, text })
      const spoiled = code === 'PROOF_REFUSED' || gone !== undefined
      if (claim.task === 'post.snark' && row.state === 'Proving' && spoiled) {
        await this.collecting.spoil(
          trx,
          row,
          this.watch.head?.height ?? row.challenge,
          gone === undefined
            ? `a vanilla proof does not hold: ${text}`
            : `the vanilla proof of sector ${gone} is gone from the hub`,
        )
        return { claim, row, again: false }
      }
      const wakeAt =
        this.clock.now() + backoffMs(row.tries, { ...SNARK_AGAIN_MS, random: this.clock.random() })
      await this.partitions.note(row, { failure, why: `${claim.worker_id}: ${text}`, wake_at: wakeAt }, trx)
      return { claim, row, again: false }
    })
    if (released === undefined) return {}
    const { claim } = released
    this.log.warn('claim released', { row: claim.row, task: claim.task, worker: claim.worker_id, code, text })
    if (released.again) await this.windowPost.offerAgain(claim.row)
    this.windowPost.nudge()
    return {}
  }

  /** A sector whose vanilla proof arrived and lies on the hub no more (a restored backup, a cleaned disk): no SNARK can be made with it. */
  async #goneFromHub(miner: Address, claimId: string): Promise<number | undefined> {
    const claim = await this.claims.find(claimId)
    if (claim?.task !== 'post.snark') return undefined
    const row = await this.claims.rowOf(this.db, miner, claim)
    if (row === undefined || row.collect_turn === null) return undefined
    for (const proof of await this.vanilla.of(claim.row, row.collect_turn)) {
      if (proof.state !== 'arrived' || proof.claim_id === null) continue
      const sizeBytes = await this.files.delivered(
        claim.row,
        row.collect_turn,
        proof.claim_id,
        proof.sector_number,
      )
      if (sizeBytes !== proof.size_bytes) return proof.sector_number
    }
    return undefined
  }
}

/** sealane.work.v1 as the miner serves it, for post.vanilla and post.snark. */
export function workService(post: PostWork): workV1.WorkServiceImplementation {
  return {
    register: (request) => post.register(request),
    claim: (request) => post.claim(request),
    heartbeat: (request) => post.heartbeat(request),
    complete: (request) => post.complete(request),
    release: (request) => post.release(request),
  }
}
