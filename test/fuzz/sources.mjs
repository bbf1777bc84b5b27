import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A built module of a room, by path: `packages/actors` or `apps/sealer/crossing/x`. */
export async function built(room, file = 'index') {
  return await import(join(root, room, 'dist', `${file}.js`))
}

/** The cases of a recorded vector file. */
export function recorded(file) {
  return JSON.parse(readFileSync(join(root, 'packages/recordings/vectors', file), 'utf8')).cases
}

/** Every recorded JSON-RPC exchange of a real node, by its file's name. */
export function recordedRpc() {
  const folder = join(root, 'packages/chain/test/vectors/rpc')
  return readdirSync(folder).map((name) => ({
    name,
    ...JSON.parse(readFileSync(join(folder, name), 'utf8')),
  }))
}

export const fromHex = (hex) => new Uint8Array(Buffer.from(hex, 'hex'))

/** What a decoder's caller expects: errors of these classes, which carry a code. */
export const only =
  (...classes) =>
  (error) =>
    classes.some((one) => error instanceof one) && typeof error.code === 'string'

/** What holds of every input; its breach is a finding. */
export function holds(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`)
}
