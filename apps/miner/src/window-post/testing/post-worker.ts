import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  codeOf,
  createQueues,
  fetchRange,
  grpcChannel,
  grpcClient,
  type Identity,
  putFile,
} from '@sealane/host'
import { postSnark, postVanilla } from '@sealane/jobs'
import { createProver, defaultPermitDir, devnetKeySet, type Prover, type ProverKind } from '@sealane/proofs'
import { workV1 } from '@sealane/proto'
import { until } from '@sealane/testkit'
import { version } from '../../version.js'

/** A storage path and the directories of its sectors (each with `sealed` and `cache`). */
export interface TestPath {
  readonly storageId: string
  readonly sectors: Map<number, string>
}

export interface PostWorkerOptions {
  readonly name: string
  readonly grpc: string
  readonly hubUrl: string
  readonly tls: Identity
  readonly redisUrl: string
  readonly scratch: string
  readonly paths: readonly TestPath[]
  readonly prover?: ProverKind
  /** Called with each granted claim before it is worked. */
  readonly onClaim?: (task: string, row: string) => Promise<void> | void
  /** In place of the SNARK that was made. */
  readonly changeProof?: (proof: Uint8Array) => Uint8Array
}

/** A worker of WindowPoSt over the real queue, gRPC and hub: real vanilla proofs from the sectors' files. Its death is `die()`. */
export class PostWorker {
  readonly #queues
  readonly #work: workV1.WorkServiceClient
  readonly #prover: Prover
  readonly #beat: NodeJS.Timeout
  readonly #running = new Set<Promise<void>>()
  readonly #held = new Set<string>()
  readonly claims: { task: string; row: string; turn: number }[] = []
  readonly refusals: string[] = []

  constructor(private readonly o: PostWorkerOptions) {
    mkdirSync(o.scratch, { recursive: true })
    this.#queues = createQueues({ url: o.redisUrl })
    this.#work = grpcClient(
      workV1.WorkServiceDefinition,
      grpcChannel({ address: o.grpc, tls: o.tls, role: 'miner' }),
    )
    const kind = o.prover ?? 'trapdoor'
    this.#prover = createProver({
      kind,
      keySet: devnetKeySet(),
      parentCacheDir: join(o.scratch, 'parents'),
      permitDir: defaultPermitDir(),
    })
    this.#beat = setInterval(() => {
      for (const claimId of this.#held) {
        void this.#work
          .heartbeat({ workerId: o.name, claimId, stage: 'test', fraction: 0.5, paths: [] })
          .catch(() => undefined)
      }
    }, 500)
  }

  async register(changes: Partial<workV1.RegisterRequest> = {}): Promise<workV1.RegisterResponse> {
    return await this.#work.register({
      workerId: this.o.name,
      hostname: 'test',
      version,
      tasks: ['post'],
      concurrency: { post: 1 },
      prover: this.#prover.kind,
      paths: this.o.paths.map(({ storageId, sectors }) => ({
        id: storageId,
        canSeal: false,
        canStore: true,
        freeBytes: 0,
        sectors: [...sectors.keys()].map((sectorNumber) => ({ sectorNumber, finalized: true })),
      })),
      ...changes,
    })
  }

  /** Registers and takes work. */
  async start(): Promise<void> {
    // As the real worker: a miner that has just restarted is asked again.
    const answer = await until(
      'registered',
      () => this.register(),
      ({ miner, refusal }) => miner !== '' || refusal !== '',
      { deadlineMs: 30_000, everyMs: 100 },
    )
    if (answer.refusal !== '') throw new Error(answer.refusal)
    type Job = { periodStart: number; deadline: number; partition: number; turn: number }
    const handle = (task: string, storageIds: string[]) => async (job: Job) => {
      const run = this.#claim(
        task,
        `${job.periodStart}/${job.deadline}/${job.partition}`,
        job.turn,
        storageIds,
      )
      this.#running.add(run)
      await run.catch(() => undefined).finally(() => this.#running.delete(run))
    }
    for (const { storageId } of this.o.paths)
      this.#queues.work(postVanilla(storageId), handle('post.vanilla', [storageId]))
    this.#queues.work(postSnark, handle('post.snark', []))
  }

  /** As if killed: no release, no more heartbeats. */
  async die(): Promise<void> {
    clearInterval(this.#beat)
    this.#held.clear()
    await this.#queues.close()
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#running)
    await this.die()
  }

  async #claim(task: string, row: string, turn: number, storageIds: string[]): Promise<void> {
    const workerId = this.o.name
    const claim = await this.#work.claim({ workerId, task, row, turn, storageIds })
    if (claim.claimId === '' || claim.task === undefined) {
      this.refusals.push(claim.reason)
      return
    }
    this.claims.push({ task, row, turn })
    this.#held.add(claim.claimId)
    await this.o.onClaim?.(task, row)
    try {
      const result = await this.#run(claim.task, join(this.o.scratch, claim.claimId))
      const done = { workerId, claimId: claim.claimId, storageId: claim.task.storageId, result }
      // A result is worth waiting for a restarting miner.
      const answer = await until(
        'completed',
        () => this.#work.complete(done),
        () => true,
        { deadlineMs: 30_000, everyMs: 100 },
      )
      if (!answer.accepted) this.refusals.push(answer.reason)
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      await this.#work.release({
        workerId,
        claimId: claim.claimId,
        code: codeOf(error),
        remedy: 'retry',
        text,
      })
    } finally {
      this.#held.delete(claim.claimId)
    }
  }

  async #run(task: workV1.Task, scratch: string): Promise<workV1.CompleteRequest['result']> {
    mkdirSync(scratch)
    if (task.work?.$case === 'postVanilla')
      return { $case: 'postVanilla', value: await this.#vanilla(task, task.work.value, scratch) }
    if (task.work?.$case === 'postSnark')
      return { $case: 'postSnark', value: { proof: await this.#snark(task, task.work.value, scratch) } }
    throw new Error(`no work for ${task.work?.$case}`)
  }

  async #vanilla(
    task: workV1.Task,
    work: workV1.PostVanilla,
    scratch: string,
  ): Promise<workV1.PostVanillaDone> {
    const path = this.o.paths.find(({ storageId }) => storageId === task.storageId)
    const done: workV1.PostVanillaDone = { proven: [], failed: [] }
    for (const { sectorNumber, commR } of work.sectors) {
      const directory = path?.sectors.get(sectorNumber) ?? '/nowhere'
      const outputPath = join(scratch, String(sectorNumber))
      try {
        await this.#prover.windowPostVanilla({
          minerId: task.minerId,
          sectorSize: BigInt(task.sectorSize),
          sectorNumber,
          commR,
          sealedPath: join(directory, 'sealed'),
          cacheDir: join(directory, 'cache'),
          randomness: work.randomness,
          outputPath,
        })
      } catch (error) {
        done.failed.push({
          sectorNumber,
          code: codeOf(error),
          text: error instanceof Error ? error.message : String(error),
        })
        continue
      }
      await putFile({
        url: `${this.o.hubUrl}${work.hubPath}/${sectorNumber}`,
        path: outputPath,
        tls: this.o.tls,
        role: 'miner',
      })
      done.proven.push(sectorNumber)
    }
    return done
  }

  async #snark(task: workV1.Task, work: workV1.PostSnark, scratch: string): Promise<Uint8Array> {
    const vanillaPaths: string[] = []
    for (const { sectorNumber, vanillaBytes } of work.sectors) {
      const path = join(scratch, String(sectorNumber))
      const chunks: Uint8Array[] = []
      const url = `${this.o.hubUrl}${work.hubPath}/${sectorNumber}`
      for await (const chunk of fetchRange({
        url,
        tls: this.o.tls,
        role: 'miner',
        start: 0n,
        sizeBytes: BigInt(vanillaBytes),
      }))
        chunks.push(chunk)
      writeFileSync(path, Buffer.concat(chunks))
      if (statSync(path).size !== vanillaBytes) throw new Error('short vanilla proof')
      vanillaPaths.push(path)
    }
    const { proof } = await this.#prover.windowPostPartition({
      minerId: task.minerId,
      sectorSize: BigInt(task.sectorSize),
      randomness: work.randomness,
      partitionIndex: work.partition,
      vanillaPaths,
      sectors: work.sectors.map(({ sectorNumber, commR }) => ({ sectorNumber, commR })),
    })
    return this.o.changeProof?.(proof) ?? proof
  }
}
