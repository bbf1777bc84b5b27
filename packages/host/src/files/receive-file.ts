import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import { mkdirDurable, renameDurable } from './write-file-durable.js'

/**
 * Writes a request's body to `path`, never past `maxBytes`, and gives it its name only when all of it is on disk.
 * Returns the status to answer: 204, 413 when it is too long, 400 when it ended early.
 */
export async function receiveFile(
  request: IncomingMessage,
  { path, maxBytes }: { path: string; maxBytes: number },
): Promise<204 | 400 | 413> {
  const expected = Number(request.headers['content-length'])
  if (!Number.isSafeInteger(expected) || expected < 0) return 400
  if (expected > maxBytes) return 413
  await mkdirDurable(dirname(path), 0o700)
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`
  const file = await open(temporary, 'wx', 0o600)
  let written = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      written += chunk.length
      if (written > expected) break
      await file.appendFile(chunk)
    }
    await file.sync()
  } catch {
    written = -1
  } finally {
    await file.close()
  }
  if (written !== expected) {
    // Not a file of anybody's yet: the half of an upload that will be sent again.
    await rm(temporary)
    return 400
  }
  await renameDurable(temporary, path)
  return 204
}
