import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownFolder } from './recorded-file.js'

const lotusFolder = join(ownFolder, 'lotus')

/** Verifying keys of the network that was recorded. */
export const lotusKeysFolder = join(lotusFolder, 'vk')

/** A recording of a real Lotus network, by its path below `vectors/lotus`. */
export function lotusRecording<T>(file: string): T {
  return JSON.parse(readFileSync(join(lotusFolder, file), 'utf8')) as T
}

/** The names of the recorded messages' files. */
export function lotusMessageFiles(): string[] {
  return readdirSync(join(lotusFolder, 'messages')).sort()
}
