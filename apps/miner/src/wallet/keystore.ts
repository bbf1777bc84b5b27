import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type Address, keyAddress } from '@sealane/actors'
import { exportKey, generateKey, importKey, type KeyInfo, type KeyType, publicKey } from '@sealane/crypto'
import { Secret } from '@sealane/host'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { z } from 'zod'
import { MinerError } from '../miner-error.js'

export interface KeystoreOptions {
  /** Directory of the key files; made 0700. */
  readonly directory: string
  /** age identity file (0600 or a systemd credential). Undefined: `identity.txt` in the directory, made at first start. */
  readonly identityFile?: string | undefined
}

/** A key without its secret. */
export interface NamedKey {
  readonly name: string
  readonly type: KeyType
  readonly address: Address
}

const keyName = /^[a-z0-9][a-z0-9-]{0,62}$/
const keyFile = z.object({ name: z.string().regex(keyName), key: z.string() })

/**
 * Named keys, each in one age-encrypted file `<name>.age`, opened unattended by an X25519 identity file.
 * The keys stay in this object: what leaves it is addresses, signatures (through Wallet) and, on this host only, `exportKey`.
 * Throws MinerError KEYSTORE (`halt`) with the path and the fix for whatever is wrong with files or permissions.
 */
export class Keystore {
  readonly #keys = new Map<string, { named: NamedKey; key: KeyInfo }>()

  private constructor(
    private readonly directory: string,
    private readonly identity: Secret,
  ) {}

  static async open(o: KeystoreOptions): Promise<Keystore> {
    const fault = (path: string, reason: string, fix: string) =>
      new MinerError({ code: 'KEYSTORE', path, reason, fix }, `keystore ${path}: ${reason}; ${fix}`)
    mkdirSync(o.directory, { recursive: true, mode: 0o700 })
    if ((statSync(o.directory).mode & 0o077) !== 0) {
      throw fault(o.directory, 'is open to other users', `run: chmod 700 ${o.directory}`)
    }
    const files = readdirSync(o.directory).filter((file) => file.endsWith('.age'))
    const identityFile = o.identityFile ?? join(o.directory, 'identity.txt')
    if (!existsSync(identityFile)) {
      if (files.length > 0) {
        throw fault(
          identityFile,
          `is missing, but ${files.length} keys are encrypted to it`,
          'restore it from your backup',
        )
      }
      mkdirSync(dirname(identityFile), { recursive: true, mode: 0o700 })
      const text = await generateX25519Identity()
      writeOnce(
        identityFile,
        `# Opens the miner's keystore. Keep it with the keys' backup, not on the same disk.\n${text}\n`,
      )
    }
    if ((statSync(identityFile).mode & 0o077) !== 0) {
      throw fault(identityFile, 'is readable by other users', `run: chmod 600 ${identityFile}`)
    }
    const line = readFileSync(identityFile, 'utf8')
      .split('\n')
      .find((text) => text.startsWith('AGE-SECRET-KEY-'))
    if (line === undefined)
      throw fault(identityFile, 'holds no AGE-SECRET-KEY line', 'give an age X25519 identity file')
    const store = new Keystore(o.directory, new Secret(line.trim()))
    for (const file of files.sort()) {
      const path = join(o.directory, file)
      try {
        await store.#load(path)
      } catch (cause) {
        throw new MinerError(
          {
            code: 'KEYSTORE',
            path,
            reason: 'cannot be opened',
            fix: 'give the identity it was encrypted to',
          },
          `keystore ${path}: cannot be opened with ${identityFile}; give the identity it was encrypted to (keystore_identity)`,
          { cause },
        )
      }
    }
    return store
  }

  list(): NamedKey[] {
    return [...this.#keys.values()].map(({ named }) => named)
  }

  named(name: string): NamedKey | undefined {
    return this.#keys.get(name)?.named
  }

  /** The key called `name`, made now unless it exists (then its type must be the same). */
  async ensure(name: string, type: KeyType): Promise<NamedKey> {
    const known = this.#keys.get(name)
    if (known === undefined) return await this.#store(name, generateKey(type, randomBytes(32)))
    if (known.named.type !== type)
      throw new MinerError({ code: 'KEY_EXISTS', name, address: known.named.address })
    return known.named
  }

  /** Takes in a key as `lotus wallet export` prints it. A name keeps its key for ever. */
  async import(name: string, text: string): Promise<NamedKey> {
    const key = importKey(text)
    const known = this.#keys.get(name)
    if (known === undefined) return await this.#store(name, key)
    if (exportKey(known.key) === exportKey(key)) return known.named
    throw new MinerError({ code: 'KEY_EXISTS', name, address: known.named.address })
  }

  /** The key in lotus' export form. For the command on this host; never reachable by RPC. */
  export(name: string): Secret {
    const known = this.#keys.get(name)
    if (known === undefined) throw new MinerError({ code: 'KEY_UNKNOWN', name })
    return new Secret(exportKey(known.key))
  }

  /** Lends the key of `address` to `use` (the wallet's signing). */
  withKey<T>(address: Address, use: (key: KeyInfo) => T): T {
    for (const { named, key } of this.#keys.values()) if (named.address === address) return use(key)
    throw new MinerError({ code: 'KEY_UNKNOWN', name: address })
  }

  async #store(name: string, key: KeyInfo): Promise<NamedKey> {
    if (!keyName.test(name)) {
      throw new MinerError({
        code: 'BAD_REQUEST',
        reason: `a key name is lower-case letters, digits and dashes, not "${name}"`,
      })
    }
    const encrypter = new Encrypter()
    encrypter.addRecipient(await identityToRecipient(this.identity.reveal()))
    const file = await encrypter.encrypt(JSON.stringify({ name, key: exportKey(key) }))
    const path = join(this.directory, `${name}.age`)
    try {
      writeOnce(path, file)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
      // Another process, or another task of this one, was first: its key is the key of that name.
      return await this.#load(path)
    }
    return this.#remember(name, key)
  }

  async #load(path: string): Promise<NamedKey> {
    const decrypter = new Decrypter()
    decrypter.addIdentity(this.identity.reveal())
    const plain = keyFile.parse(JSON.parse(await decrypter.decrypt(readFileSync(path), 'text')))
    return this.#remember(plain.name, importKey(plain.key))
  }

  #remember(name: string, key: KeyInfo): NamedKey {
    const named = { name, type: key.type, address: keyAddress(key.type, publicKey(key)) }
    this.#keys.set(name, { named, key })
    return named
  }
}

/** Writes a 0600 file durably, complete or not at all, and never over another. */
function writeOnce(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = openSync(temporary, 'wx', 0o600)
  try {
    const bytes = Buffer.from(content)
    if (writeSync(file, bytes) !== bytes.length) throw new Error(`short write to ${temporary}`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    linkSync(temporary, path)
    chmodSync(path, 0o600)
  } finally {
    unlinkSync(temporary)
  }
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
}
