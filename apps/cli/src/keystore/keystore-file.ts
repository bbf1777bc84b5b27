import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, keyAddress } from '@sealane/actors'
import { exportKey, importKey, type KeyInfo, publicKey } from '@sealane/crypto'
import { writeFileDurable } from '@sealane/host/client'
import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption'
import { z } from 'zod'
import { CliError } from '../cli-error.js'
import { readRunState, sealaneHome } from '../connect/run-state.js'

export interface StoredKey {
  readonly name: string
  readonly address: Address
  readonly key: KeyInfo
}

/** One key a file: `<name>.age`, encrypted to the identity, JSON with the key in lotus' export form. Shared with apps/miner. */
const keyFile = z.object({ name: z.string(), key: z.string() })
const keyName = /^[a-z0-9][a-z0-9-]{0,62}$/

/** `--keystore`, `$SEALANE_KEYSTORE`, the running stack's, or the packaged default. */
export function keystoreDir(env: Readonly<Record<string, string | undefined>>, given?: string): string {
  const state = readRunState(sealaneHome(env))?.stateDir
  return (
    given ??
    env.SEALANE_KEYSTORE ??
    (state === undefined ? '/var/lib/sealane/miner/keystore' : join(state, 'miner/keystore'))
  )
}

/**
 * The miner's keystore as files on this host: no running app gives a key away, and none is asked.
 * Throws CliError KEYSTORE with the path and the fix.
 */
export class KeystoreFile {
  private constructor(
    private readonly dir: string,
    private readonly identity: string,
  ) {}

  static open(dir: string, identityFile = join(dir, 'identity.txt')): KeystoreFile {
    if (!existsSync(dir)) {
      throw fault(dir, 'is not there', 'run this on the miner’s host, and name its folder with --keystore')
    }
    let text: string
    try {
      text = readFileSync(identityFile, 'utf8')
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : 'cannot be read'
      throw fault(
        identityFile,
        reason,
        'name the age identity with --identity, and run as the miner app’s user',
      )
    }
    if ((statSync(identityFile).mode & 0o077) !== 0) {
      throw fault(identityFile, 'is readable by other users', `run: chmod 600 ${identityFile}`)
    }
    const line = text.split('\n').find((one) => one.startsWith('AGE-SECRET-KEY-'))
    if (line === undefined)
      throw fault(identityFile, 'holds no AGE-SECRET-KEY line', 'name an age X25519 identity file')
    return new KeystoreFile(dir, line.trim())
  }

  /** All keys, by name. */
  async list(): Promise<StoredKey[]> {
    const files = readdirSync(this.dir).filter((file) => file.endsWith('.age'))
    return await Promise.all(files.sort().map((file) => this.#read(join(this.dir, file))))
  }

  /** By name or address. */
  async find(nameOrAddress: string): Promise<StoredKey> {
    const keys = await this.list()
    const found = keys.find((one) => one.name === nameOrAddress || one.address === nameOrAddress)
    if (found) return found
    const names = keys.map((one) => one.name).join(', ')
    throw new CliError(
      { code: 'NO_KEY', name: nameOrAddress },
      `no key ${nameOrAddress} in ${this.dir}; there ${names === '' ? 'are none' : `are ${names}`}`,
    )
  }

  /** Stores a key under a name that is not taken; the same key again is no change. */
  async add(name: string, key: KeyInfo): Promise<StoredKey> {
    if (!keyName.test(name)) {
      throw new CliError(
        { code: 'USAGE', reason: 'key name' },
        `a key name is lower-case letters, digits and dashes, not "${name}"`,
      )
    }
    const path = join(this.dir, `${name}.age`)
    const encrypter = new Encrypter()
    encrypter.addRecipient(await identityToRecipient(this.identity))
    const bytes = await encrypter.encrypt(JSON.stringify({ name, key: exportKey(key) }))
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
    await writeFileDurable(temporary, bytes, { mode: 0o600 })
    try {
      // A link, unlike a rename, never replaces a key that is there.
      linkSync(temporary, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const there = await this.#read(path)
      if (exportKey(there.key) === exportKey(key)) return there
      throw fault(
        path,
        `holds another key (${there.address})`,
        'give this one another --name: a name keeps its key for ever',
      )
    } finally {
      unlinkSync(temporary)
    }
    return { name, key, address: addressOf(key) }
  }

  async #read(path: string): Promise<StoredKey> {
    try {
      const decrypter = new Decrypter()
      decrypter.addIdentity(this.identity)
      const { name, key: text } = keyFile.parse(
        JSON.parse(await decrypter.decrypt(readFileSync(path), 'text')),
      )
      const key = importKey(text)
      return { name, key, address: addressOf(key) }
    } catch {
      throw fault(
        path,
        'cannot be opened with this identity',
        'name the one it was encrypted to with --identity',
      )
    }
  }
}

function addressOf(key: KeyInfo): Address {
  return keyAddress(key.type, publicKey(key))
}

function fault(path: string, reason: string, fix: string): CliError {
  return new CliError({ code: 'KEYSTORE', path, reason }, `keystore ${path} ${reason}: ${fix}`)
}
