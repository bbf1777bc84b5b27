// An app under runApp, driven by its first argument; prints READY on stdout once it runs.
import { Module } from '@nestjs/common'
import { createQueues, Health, HostError, Log, runApp, writeFileDurable } from '@sealane/host'
import { kind } from '@sealane/jobs'
import { z } from 'zod'

const [, , what, argument] = process.argv
const look = kind({ queue: 'app.look', payload: z.object({ row: z.int() }), id: (p) => `r${p.row}` })

class Room {
  constructor(health, log) {
    this.lamp = health.room('room')
    this.log = log
  }
  async onModuleInit() {
    if (what === 'own-fault') {
      throw new HostError(
        { code: 'CERTIFICATE', file: '/x.crt', reason: 'expired' },
        'certificate /x.crt expired: issue one',
      )
    }
    if (what === 'queues' || what === 'volatile') {
      this.queues = createQueues({ url: argument, log: this.log })
      this.queues.work(look, () => new Promise(() => console.log('WORKING')))
    }
    this.lamp.green()
  }
  async onApplicationShutdown() {
    if (what === 'hang') await new Promise(() => {})
    await this.queues?.close()
    console.log('CLOSED')
  }
}
Reflect.defineMetadata('design:paramtypes', [Health, Log], Room)
class Root {}
Module({ providers: [Room] })(Root)

const app = await runApp({
  name: 'test-app',
  module: Root,
  config: {},
  survive: (error) => error.code === 'PEER_BROKE',
})
if (what === 'throw')
  setTimeout(() => {
    throw new TypeError('a bug')
  })
if (what === 'survive') {
  setTimeout(() => {
    throw Object.assign(new Error('stream broke'), { code: 'PEER_BROKE' })
  })
  setTimeout(() => app.stop(), 200)
}
if (what === 'write') {
  // Rewrites one file for ever; each printed number is durable.
  for (let n = 1; ; n++) {
    await writeFileDurable(argument, JSON.stringify({ n, pad: 'x'.repeat(100_000) }))
    console.log(`wrote ${n}`)
  }
}
console.log('READY')
setInterval(() => {}, 1_000)
