import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, keyAddress } from '@sealane/actors'
import { exportKey, generateKey, importKey, type KeyInfo, publicKey } from '@sealane/crypto'
import { writeFileDurable } from '@sealane/host/client'

/** The client's one key, in a file of its own (0600, lotus' export format): no app of the provider ever sees it. */
export async function clientKey(dir: string): Promise<{ key: KeyInfo; address: Address }> {
  const file = join(dir, 'key')
  if (!existsSync(file)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    await writeFileDurable(file, exportKey(generateKey('secp256k1', randomBytes(32))), { mode: 0o600 })
  }
  const key = importKey(readFileSync(file, 'utf8').trim())
  return { key, address: keyAddress(key.type, publicKey(key)) }
}
