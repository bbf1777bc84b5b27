import 'reflect-metadata'
import { join } from 'node:path'
import { NestFactory } from '@nestjs/core'
import { ChainPort } from '@sealane/chain'
import { createLog, Health, hostModule, loadConfig, Metrics, silentLog } from '@sealane/host'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { minerConfig } from '../config.js'
import { MinerDb } from '../database.js'
import { MinerInit } from '../init/miner-init.js'
import { Messager } from '../messages/messager.js'
import { minerProviders } from '../miner-providers.js'
import { PreCommits } from '../precommit/pre-commits.js'
import { ProveCommits } from '../prove-commit/prove-commits.js'
import { Publications } from '../publish/publications.js'
import { StateLock } from '../state-lock.js'

/** All rooms but window-post, wired as the app wires them, started; without its servers. */
export async function startRooms(directory: string, nodes: string, flags: readonly string[] = []) {
  const argv = [
    '--state-dir',
    join(directory, 'miner'),
    '--chain-nodes',
    nodes,
    '--home-redis-url',
    'redis://127.0.0.1:1',
    '--tls-required',
    'false',
    '--publish-period',
    '1s',
    ...flags,
  ]
  const { values } = loadConfig(minerConfig, { argv, env: {} })
  const log =
    process.env.SEALANE_TEST_LOG === undefined ? silentLog() : createLog({ name: 'miner', level: 'info' })
  const host = hostModule({
    log,
    health: new Health(),
    metrics: new Metrics({ processMetrics: false }),
    config: values,
  })
  class Rooms {}
  const context = await NestFactory.createApplicationContext(
    { module: Rooms, imports: [host], providers: [...minerProviders] },
    { logger: false, abortOnError: false },
  )
  const rooms = [
    context.get(Messager),
    context.get(MinerInit),
    context.get(Publications),
    context.get(PreCommits),
    context.get(ProveCommits),
  ]
  const watch = context.get(ChainWatch)
  watch.start()
  for (const room of rooms) room.start()
  return {
    context,
    stop: async () => {
      await Promise.all([...rooms.map((room) => room.stop()), watch.stop(), context.get(ChainPort).close()])
      await context.get(MinerDb).destroy()
      context.get(StateLock).lock.release()
      await context.close()
    },
  }
}
