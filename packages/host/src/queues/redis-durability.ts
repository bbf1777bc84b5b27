import type { Redis } from 'ioredis'
import { HostError } from '../errors/host-error.js'

const FIX = 'redis.conf needs: appendonly yes, appendfsync always, maxmemory-policy noeviction'

/**
 * Throws HostError QUEUE_VOLATILE (`halt`) when this Redis would lose acknowledged jobs: no append-only file
 * (a kill -9 of a default Redis lost 27,379 of 27,379 adds, measured), one never fsynced, or eviction under memory pressure.
 */
export async function refuseVolatileRedis(redis: Redis, shown: string): Promise<void> {
  const info = await redis.info()
  const persisted = field(info, 'aof_enabled')
  if (persisted !== undefined && persisted !== '1') throw volatile(shown, 'appendonly', 'no', 'yes')
  const policy = field(info, 'maxmemory_policy') ?? (await setting(redis, 'maxmemory-policy'))
  if (policy !== undefined && policy !== 'noeviction')
    throw volatile(shown, 'maxmemory-policy', policy, 'noeviction')
  // Not in INFO; a restricted ACL user may not read it, then the two above must do.
  if ((await setting(redis, 'appendfsync')) === 'no') throw volatile(shown, 'appendfsync', 'no', 'always')
}

function volatile(server: string, setting: string, value: string, wanted: string): HostError {
  return new HostError(
    { code: 'QUEUE_VOLATILE', server, setting, value, wanted },
    `Redis at ${server} has ${setting} = ${value}, must be ${wanted}: jobs would be lost. ${FIX}`,
  )
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
}

async function setting(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const answer: unknown = await redis.config('GET', name)
    return Array.isArray(answer) && typeof answer[1] === 'string' ? answer[1] : undefined
  } catch (error) {
    if (error instanceof Error && /NOPERM|unknown command/i.test(error.message)) return undefined
    throw error
  }
}
