import { chmodSync, readFileSync, statSync } from 'node:fs'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { writeFileDurable } from '@sealane/host'
import { ProviderError } from '../provider-error.js'

/**
 * The host's key: the one secret this box has beside its certificate. Made at the first start; its peer id goes on
 * chain. @throws {ProviderError} IDENTITY_KEY when others may read it, or it is no key
 */
export async function identityKey(path: string): Promise<PrivateKey> {
  let text: string
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new ProviderError({ code: 'IDENTITY_KEY', path, reason: `others may read it: chmod 600 ${path}` })
    }
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    const key = await generateKeyPair('Ed25519')
    await writeFileDurable(path, `${Buffer.from(privateKeyToProtobuf(key)).toString('base64')}\n`, {
      mode: 0o600,
    })
    chmodSync(path, 0o600)
    return key
  }
  try {
    return privateKeyFromProtobuf(Buffer.from(text.trim(), 'base64'))
  } catch (cause) {
    throw new ProviderError(
      { code: 'IDENTITY_KEY', path, reason: 'it holds no libp2p private key' },
      { cause },
    )
  }
}
