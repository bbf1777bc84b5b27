import {
  homeward,
  outward,
  postSnark,
  postVanilla,
  sealCommit1,
  sealCommit2,
  sealFinalize,
  sealPreCommit1,
  sealPreCommit2,
  sealUnseal,
} from '@sealane/jobs'
import { queueTls } from '../connect/queue-tls.js'
import type { QueueDepth } from './facts.js'

/** Jobs in every queue that these servers may hold; `storageIds`: the paths that have queues of their own. Rejects when a server is away. */
export async function readQueues(
  servers: readonly { readonly name: string; readonly url: string; readonly tlsDir?: string | undefined }[],
  storageIds: readonly string[],
): Promise<QueueDepth[]> {
  const { createQueues } = await import('@sealane/host')
  const perPath = [sealPreCommit2, sealCommit1, sealFinalize, sealUnseal, postVanilla]
  const names = [
    ...[homeward, outward, sealPreCommit1, sealCommit2, postSnark].map(({ queue }) => queue),
    ...storageIds.flatMap((id) => perPath.map((kind) => kind(id).queue)),
  ]
  const found: QueueDepth[] = []
  for (const { name, url, tlsDir } of servers) {
    const queues = createQueues({ url, ...(await queueTls(tlsDir)), onVolatile: () => undefined })
    try {
      for (const queue of names) found.push({ server: name, queue, depth: await queues.depth(queue) })
    } finally {
      await queues.close()
    }
  }
  return found
}
