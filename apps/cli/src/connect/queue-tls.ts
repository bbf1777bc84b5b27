import { existsSync } from 'node:fs'
import { join } from 'node:path'

const roles = ['sealer', 'miner', 'provider', 'worker', 'operator'] as const

/** With which certificate a Redis is asked: the first of an app's in this folder; nothing where there is none. */
export async function queueTls(dir: string | undefined) {
  const role = roles.find((name) => dir !== undefined && existsSync(join(dir, `${name}.crt`)))
  if (role === undefined || dir === undefined) return {}
  const { loadIdentity, tlsOptions } = await import('@sealane/host')
  return { tls: tlsOptions(loadIdentity(dir, role)) }
}
