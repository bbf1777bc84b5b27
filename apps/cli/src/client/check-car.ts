import { createReadStream } from 'node:fs'
import { PieceError, readCar } from '@sealane/pieces'
import { CliError } from '../cli-error.js'

/** Reads a file as a CAR, every block checked against its CID. Throws CliError USAGE, with the reader's reason, when it is none. */
export async function checkCar(path: string): Promise<void> {
  try {
    const { blocks } = await readCar(createReadStream(path))
    for await (const _block of blocks);
  } catch (cause) {
    if (!(cause instanceof PieceError)) throw cause
    throw new CliError({ code: 'USAGE', reason: cause.message }, `${path} is not a CAR: ${cause.message}`)
  }
}
