import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importKey, type KeyInfo } from '@sealane/crypto'
import { CliError } from '../cli-error.js'
import { KeystoreFile } from '../keystore/keystore-file.js'
import type { Places } from './state-dir.js'

/** The key in a file of "lotus wallet export": hex, or its JSON. Throws CliError FILE; the text of a key is never shown. */
export function readOwnerKey(path: string): KeyInfo {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'cannot be read'
    throw new CliError({ code: 'FILE', path, reason }, `--key: ${path} cannot be read (${reason})`)
  }
  try {
    return importKey(text.trim())
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'no key'
    throw new CliError(
      { code: 'FILE', path, reason },
      `--key: ${path} is no exported key (${reason}): write it with "lotus wallet export ADDRESS > FILE"`,
    )
  }
}

/** Puts the key into the miner app's keystore as the owner's. Throws CliError KEYSTORE when another key has that name. */
export async function storeOwnerKey(places: Places, key: KeyInfo): Promise<void> {
  await KeystoreFile.open(join(places.state, 'miner/keystore')).add('owner', key)
}
