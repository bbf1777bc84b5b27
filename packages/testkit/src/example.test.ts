import { createQueues } from '@sealane/host'
import { expect, it } from 'vitest'
import { localRedis, temporaryDirectory, until } from './index.js'

const redis = localRedis()
const directory = temporaryDirectory()

it('finds Redis again after kill -9', async () => {
  expect(directory.length).toBeLessThan(60)
  const queues = createQueues({ url: redis.url })
  await until(
    'Redis connected',
    () => queues.check(),
    (connected) => connected,
  )
  await redis.kill()
  await redis.restart()
  await until(
    'Redis connected again',
    () => queues.check(),
    (connected) => connected,
  )
  await queues.close()
})
