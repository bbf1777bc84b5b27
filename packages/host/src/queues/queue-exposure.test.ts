import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort } from '../launch/free-port.js'
import { startLocalRedis } from '../launch/start-local-redis.js'
import { refuseExposedUrl, refuseOpenRedis } from './queue-exposure.js'
import { parseQueueUrl } from './queue-url.js'

describe('where queues may live', () => {
  it.each<[string, boolean, string | undefined]>([
    ['unix:/run/redis.sock', true, undefined],
    ['redis://127.0.0.1:6379', false, undefined],
    ['redis://[::1]:6379', false, undefined],
    ['redis://127.0.0.1:6379', true, 'no TLS, and tls.required is true'],
    ['redis://:secret@10.0.0.2:6379', false, 'no TLS on the way to another machine'],
    ['postgres://10.0.0.2/queues', false, 'no TLS on the way to another machine'],
    ['postgres://127.0.0.1/queues', true, 'no TLS, and tls.required is true'],
    ['rediss://127.0.0.1:6379', true, undefined],
    ['rediss://10.0.0.2:6379', true, 'no user of its own'],
    ['rediss://:secret@10.0.0.2:6379', true, 'no user of its own'],
    ['rediss://default:secret@10.0.0.2:6379', true, 'no user of its own'],
    ['rediss://sealer:secret@10.0.0.2:6379', true, undefined],
  ])('%s with tls.required %s: %s', (url, required, reason) => {
    const judged = () => refuseExposedUrl(url, 'queues', required)
    if (reason === undefined) judged()
    else expect(judged).toThrow(`queue server queues: ${reason}: `)
  })
})

describe('a Redis on the network', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sl-open-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('is refused when a stranger may ask it, and taken when it wants a user', async () => {
    const server = await startLocalRedis({ dir })
    if (server === undefined) throw new Error('tests need redis-server')
    const port = await freePort()
    const owner = new Redis(parsed(server.url).options)
    // 0.0.0.0 reaches this machine, and is not its loopback.
    const address = parsed(`redis://someone:secret@0.0.0.0:${port}`)
    try {
      await owner.config('SET', 'protected-mode', 'no')
      await owner.config('SET', 'bind', '127.0.0.1')
      await owner.config('SET', 'port', port)
      await owner.call('ACL', 'SETUSER', 'default', 'on', 'nopass', '~*', '+@all')
      await expect(refuseOpenRedis(address)).rejects.toThrow(
        `queue server redis://0.0.0.0:${port}/0: it answers without a password: set "user default off"`,
      )
      await owner.call('ACL', 'SETUSER', 'default', 'resetpass', '>secret')
      await refuseOpenRedis(address)
    } finally {
      owner.disconnect()
      await server.stop()
    }
  })
})

function parsed(url: string) {
  const address = parseQueueUrl(url)
  if (address.backend !== 'redis') throw new Error(`${url} is no Redis`)
  return address
}
