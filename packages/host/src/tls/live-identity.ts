import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Health, HealthRoom } from '../app/health.js'
import { type Log, silentLog } from '../log/log.js'
import { expiryWarning, type Identity, loadIdentity, type Role } from './certificates.js'

/** New files are found this soon without being told. Unit: ms. */
const LOOK_MS = 60_000

const alive = new Map<string, LiveIdentity>()

/**
 * The identity of this process: as loadIdentity, and read again when its files change (looked at every minute, and at once on
 * SIGHUP). Servers and clients of this process use the newest from their next connection on; nothing is closed. A new file that is
 * wrong is told by the lamp `certificate`, and the old one stays in use; so is one that ends within 30 days.
 * The same folder and role give the same identity. Throws HostError CERTIFICATE (`halt`) when there is none to begin with.
 */
export function liveIdentity(dir: string, role: Role, o: { health?: Health; log?: Log } = {}): Identity {
  const known = alive.get(join(dir, role))
  if (known !== undefined) {
    known.look(false)
    known.shine(o.health)
    return known
  }
  const made = new LiveIdentity(dir, role, o)
  alive.set(join(dir, role), made)
  return made
}

/** Reads every live identity's files again. Returns whether all are well. */
export function renewIdentities(): boolean {
  return [...alive.values()].map((identity) => identity.look(true)).every((well) => well)
}

class LiveIdentity implements Identity {
  #now: Identity
  #seen: string
  #lamp: HealthRoom | undefined
  readonly #log: Log
  readonly #listeners: (() => void)[] = []

  constructor(
    private readonly dir: string,
    readonly role: Role,
    o: { health?: Health; log?: Log },
  ) {
    this.#log = o.log ?? silentLog()
    this.#seen = this.#marks()
    this.#now = loadIdentity(dir, role)
    this.shine(o.health)
    setInterval(() => this.look(false), LOOK_MS).unref()
  }

  get certificate(): string {
    return this.#now.certificate
  }
  get key(): string {
    return this.#now.key
  }
  get authority(): string {
    return this.#now.authority
  }
  get expiresMs(): number {
    return this.#now.expiresMs
  }

  onRenewed(listener: () => void): void {
    this.#listeners.push(listener)
  }

  shine(health: Health | undefined): void {
    if (health !== undefined) this.#lamp = health.room('certificate')
    this.#tell(undefined)
  }

  look(even: boolean): boolean {
    const marks = this.#marks()
    if (marks === this.#seen && !even) {
      this.#tell(undefined)
      return true
    }
    try {
      const next = loadIdentity(this.dir, this.role)
      this.#seen = marks
      const changed = next.certificate !== this.#now.certificate || next.authority !== this.#now.authority
      this.#now = next
      if (changed) {
        for (const listener of this.#listeners) listener()
        const expires = new Date(next.expiresMs).toISOString().slice(0, 10)
        this.#log.info('certificate renewed', { role: this.role, dir: this.dir, expires })
      }
      this.#tell(undefined)
      return true
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#log.warn('certificate not renewed, the old one stays in use', { role: this.role, error })
      this.#tell(`${reason}; the old one stays in use`)
      return false
    }
  }

  #tell(trouble: string | undefined): void {
    const reason = trouble ?? expiryWarning(this.#now, new Date())
    if (reason === undefined) this.#lamp?.green()
    else this.#lamp?.red(reason)
  }

  #marks(): string {
    return ['ca.crt', `${this.role}.crt`, `${this.role}.key`]
      .map((file) => {
        const found = statSync(join(this.dir, file), { throwIfNoEntry: false })
        return `${found?.ino} ${found?.mtimeMs} ${found?.size}`
      })
      .join(' ')
  }
}
