import { jwtVerify, SignJWT } from 'jose'
import { BoundedMap } from '../bounded-map.js'
import { isPermission, type Permission, permissions } from './permissions.js'

/** Lotus' API tokens: JWT, HS256, payload `{"Allow":["read","write","sign","admin"]}`, without an expiry. */
export class Tokens {
  readonly #secret: Uint8Array
  readonly #known = new BoundedMap<string, readonly Permission[]>(256)

  constructor(secretHex: string) {
    this.#secret = new Uint8Array(Buffer.from(secretHex, 'hex'))
  }

  async issue(allow: readonly Permission[]): Promise<string> {
    return await new SignJWT({ Allow: [...allow] })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(this.#secret)
  }

  /** What a token allows; undefined when it is not one of ours. */
  async verify(token: string): Promise<readonly Permission[] | undefined> {
    const known = this.#known.get(token)
    if (known !== undefined) return known
    try {
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: ['HS256'] })
      const allow = Array.isArray(payload.Allow) ? payload.Allow.filter(isPermission) : []
      this.#known.set(token, allow)
      return allow
    } catch {
      return undefined
    }
  }
}

/** Everything up to and with this permission. */
export function upTo(permission: Permission): Permission[] {
  return permissions.slice(0, permissions.indexOf(permission) + 1)
}
