import type { Queues } from '@sealane/host'
import {
  postSnark,
  postVanilla,
  sealCommit1,
  sealCommit2,
  sealFinalize,
  sealPreCommit1,
  sealPreCommit2,
  sealUnseal,
} from '@sealane/jobs'
import type { WorkerConfig } from '../config.js'
import type { Space } from './space.js'
import type { StoragePath } from './storage-path.js'
import type { WorkRequest } from './work-claim.js'

export interface TakeWorkOptions {
  config: WorkerConfig
  queues: Queues
  storage: readonly StoragePath[]
  space: Space
  /** Claims and works what a job names. Returns true when its result was accepted. */
  work: (request: WorkRequest) => Promise<boolean>
}

/** Opens the coordinator's queues of the tasks this worker does. `filesMoved`: what lies on a path has changed. */
export function takeSealing(o: TakeWorkOptions & { filesMoved: () => void }): void {
  const { config, queues, storage, work } = o
  const { concurrency } = config
  const does = new Set(config.worker.tasks)
  const seal =
    (task: string, storageIds: () => Promise<string[]>, moves = false) =>
    async ({ sectorNumber, turn }: { sectorNumber: number; turn: number }) => {
      const row = String(sectorNumber)
      const done = await work({ task, row, turn, storageIds: await storageIds() })
      if (done && moves) o.filesMoved()
    }
  const sealing = storage.filter((path) => path.canSeal)
  // The first path offered is used: the one with the most room.
  const anyPath = async () => (await o.space.byRoom(sealing)).map((path) => path.id)
  const noPath = async () => []
  if (does.has('pc1') && sealing.length > 0)
    queues.work(sealPreCommit1, seal('pc1', anyPath), { concurrency: concurrency.pc1 })
  if (does.has('commit')) queues.work(sealCommit2, seal('c2', noPath), { concurrency: concurrency.commit })
  for (const { id } of storage) {
    const here = async () => [id]
    if (does.has('pc2')) queues.work(sealPreCommit2(id), seal('pc2', here), { concurrency: concurrency.pc2 })
    if (does.has('commit'))
      queues.work(sealCommit1(id), seal('c1', here, true), { concurrency: concurrency.commit })
    if (!does.has('finalize')) continue
    queues.work(sealFinalize(id), seal('finalize', here, true), { concurrency: concurrency.finalize })
    queues.work(sealUnseal(id), seal('unseal', here), { concurrency: 1 })
  }
}

/** Opens the miner's queues: vanilla proofs where sectors lie, SNARKs anywhere. */
export function takeProving({ config, queues, storage, work }: TakeWorkOptions): void {
  const concurrency = config.concurrency.post
  const post =
    (task: string, storageIds: string[]) =>
    async (job: { periodStart: number; deadline: number; partition: number; turn: number }) => {
      const row = `${job.periodStart}/${job.deadline}/${job.partition}`
      await work({ task, row, turn: job.turn, storageIds })
    }
  queues.work(postSnark, post('post.snark', []), { concurrency })
  for (const { id } of storage) queues.work(postVanilla(id), post('post.vanilla', [id]), { concurrency })
}
