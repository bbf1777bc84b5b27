import { type FileServer, type Identity, type Log, serveFiles } from '@sealane/host'
import type { VanillaFiles } from './vanilla-files.js'

/**
 * The miner's own hub: workers put vanilla proofs here, and fetch them again for the SNARK, also while the sealer is down.
 * Throws HostError ADDRESS.
 */
export async function startMinerHub(o: {
  host: string
  port: number
  tls: Identity
  files: VanillaFiles
  log: Log
}): Promise<FileServer> {
  return await serveFiles({
    host: o.host,
    port: o.port,
    tls: o.tls,
    roles: ['worker'],
    log: o.log,
    find: (path) => o.files.find(path),
    receive: (path) => o.files.receive(path),
  })
}
