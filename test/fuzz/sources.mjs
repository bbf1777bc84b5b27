import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
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

/** Every recorded JSON-RPC exchange of a real node that a room keeps, by its file's name. */
export function recordedRpc(room) {
  const folder = join(root, room, 'test/vectors/rpc')
  return readdirSync(folder).map((name) => ({
    name,
    ...JSON.parse(readFileSync(join(folder, name), 'utf8')),
  }))
}

/** A folder for the files of one run, in memory where the machine has such a place; gone at the end. */
export function scratch(name) {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `sealane-fuzz-${name}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
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
