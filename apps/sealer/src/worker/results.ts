import { readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { mkdirDurable, writeFileDurable } from '@sealane/host'
import { workV1 } from '@sealane/proto'

/** Who gave the work: the coordinator for seal.*, the miner for post.*. */
export type EmployerRole = 'sealer' | 'miner'

/**
 * Results that are made and not yet reported, one small file each. A worker that dies between the two, or cannot reach whoever gave the
 * work, reports them when it is back: while the claim holds they count, and no hours of work are done twice.
 */
export class Results {
  readonly #dir: string

  constructor(stateDir: string) {
    this.#dir = join(stateDir, 'results')
  }

  async keep(role: EmployerRole, result: workV1.CompleteRequest): Promise<void> {
    await mkdirDurable(this.#dir, 0o700)
    await writeFileDurable(this.#path(role, result.claimId), workV1.CompleteRequest.encode(result).finish())
  }

  /** The note has been heard, whatever was answered. It is a note, no data: those lie on the storage path or on the hub. */
  async forget(role: EmployerRole, claimId: string): Promise<void> {
    await unlink(this.#path(role, claimId)).catch(() => undefined)
  }

  async unreported(role: EmployerRole): Promise<workV1.CompleteRequest[]> {
    const names = await readdir(this.#dir).catch(() => [])
    const mine = names.filter((name) => name.startsWith(`${role}.`) && !name.endsWith('.tmp'))
    return await Promise.all(
      mine.map(async (name) =>
        workV1.CompleteRequest.decode(new Uint8Array(await readFile(join(this.#dir, name)))),
      ),
    )
  }

  #path(role: EmployerRole, claimId: string): string {
    return join(this.#dir, `${role}.${claimId.replaceAll(/[^A-Za-z0-9-]/g, '-')}`)
  }
}
