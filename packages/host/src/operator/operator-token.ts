import type { Permission } from '@sealane/proto'
import { jwtVerify, SignJWT } from 'jose'
import type { Secret } from '../config/secret.js'

/** Each permission includes those before it. */
export const PERMISSIONS: readonly Permission[] = ['read', 'write', 'sign', 'admin']

/** Whether a token with `has` may call a method that needs `needs`. */
export function allows(has: Permission, needs: Permission): boolean {
  return PERMISSIONS.indexOf(has) >= PERMISSIONS.indexOf(needs)
}

/** A JWT (HS256) in the shape that operators' tools know: `Allow` lists the permission and all below it. For `auth create-token --perm`. */
export async function createOperatorToken(secret: Secret, permission: Permission): Promise<string> {
  const allow = PERMISSIONS.slice(0, PERMISSIONS.indexOf(permission) + 1)
  return await new SignJWT({ Allow: allow })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(key(secret))
}

/** The permission of a token, or undefined when it is not of this secret. */
export async function tokenPermission(secret: Secret, token: string): Promise<Permission | undefined> {
  try {
    const { payload } = await jwtVerify(token, key(secret), { algorithms: ['HS256'] })
    const allow: unknown[] = Array.isArray(payload.Allow) ? payload.Allow : []
    return PERMISSIONS.filter((permission) => allow.includes(permission)).at(-1)
  } catch {
    return undefined
  }
}

function key(secret: Secret): Uint8Array {
  return new TextEncoder().encode(secret.reveal())
}
