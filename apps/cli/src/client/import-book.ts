import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { CliError } from '../cli-error.js'
import { parseBook } from '../connect/state-file.js'
import { dataRoot } from './data-root.js'
import { filePart, minPayloadBytes } from './plan-deals.js'

/** A file that the client may make deals for. */
export type Import = z.output<typeof importedFile>
export const importedFile = z.object({
  id: z.int().nonnegative(),
  root: z.string(),
  path: z.string(),
  sizeBytes: z.int().nonnegative(),
  pieceCid: z.string(),
  /** Padded bytes, decimal. */
  pieceSize: z.string().regex(/^\d{1,20}$/),
})

/** The client's imported files, one JSON line each; the bytes stay where they are. */
export class ImportBook {
  readonly #file: string

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    this.#file = join(dir, 'imports.jsonl')
  }

  list(): Import[] {
    if (!existsSync(this.#file)) return []
    return parseBook(readFileSync(this.#file, 'utf8'), importedFile)
  }

  /** The newest import with this root, piece CID or path. */
  find(name: string): Import | undefined {
    return this.list().findLast((one) => [one.root, one.pieceCid, one.path].includes(name))
  }

  /** Commits to a file. Throws CliError FILE when there is none, or too little in it. */
  async import(file: string): Promise<Import> {
    const path = resolve(file)
    const found = await stat(path).catch(() => undefined)
    if (!found?.isFile()) throw new CliError({ code: 'FILE', path, reason: 'not there' }, `no file ${path}`)
    if (found.size < minPayloadBytes) {
      throw new CliError(
        { code: 'FILE', path, reason: 'too small' },
        `${path} has ${found.size} bytes: a piece needs at least ${minPayloadBytes}; put more into it, or several files into one archive`,
      )
    }
    const part = await filePart(path, 0, found.size)
    const root = await dataRoot(path, found.size)
    const made: Import = {
      id: (this.list().at(-1)?.id ?? 0) + 1,
      root,
      path,
      sizeBytes: found.size,
      pieceCid: part.pieceCid,
      pieceSize: String(part.pieceSize),
    }
    // The line begins anew even after half a line.
    appendFileSync(this.#file, `\n${JSON.stringify(made)}\n`, { mode: 0o600, flush: true })
    return made
  }
}
