import { setTimeout as pause } from 'node:timers/promises'
import { rpcCall } from '@sealane/chain'
import type { Fault, RedisName, ServiceName } from './fault.js'
import { type FaultProxy, healthyLine, type LineState } from './fault-proxy.js'
import type { RedisServer } from './redis-server.js'
import type { StackProcess } from './stack-process.js'

/** What a fault can reach. */
export interface Patient {
  readonly stack: StackProcess
  readonly redis: Readonly<Record<RedisName, RedisServer>>
  /** All lines across the ocean. */
  readonly ocean: readonly FaultProxy[]
}

/** A service that is between two lives is waited for this long. Unit: ms. */
const rebirthMs = 8_000
/** Two faults on one Redis or on the ocean come one after the other: the second would hurt what is not there. */
const turns = new WeakMap<object, Promise<void>>()

/** Does it, and undoes it after its time. `signal` undoes it at once. Returns what happened in a few words. */
export async function hurt(patient: Patient, fault: Fault, signal: AbortSignal): Promise<string> {
  switch (fault.kind) {
    case 'kill':
      return await signalService(patient.stack, fault.service, 'SIGKILL', signal)
    case 'restart':
      return await signalService(patient.stack, fault.service, 'SIGTERM', signal)
    case 'stop':
      return await stopService(patient.stack, fault.service, fault.forMs, signal)
    case 'null-rounds':
      return `head ${await rpcCall(patient.stack.run.chain, 'Devnet.NullRounds', [fault.rounds])}`
    case 'reorg':
      return `head ${await rpcCall(patient.stack.run.chain, 'Devnet.Reorg', [fault.depth, fault.withhold])}`
    case 'cut':
      return await inTurn(patient.ocean, () => breakLine(patient, { cut: true }, fault.forMs, signal))
    case 'half-open':
      return await inTurn(patient.ocean, () =>
        breakLine(patient, { swallowHomeward: true, swallowOutward: true }, fault.forMs, signal),
      )
    case 'one-way':
      return await inTurn(patient.ocean, () =>
        breakLine(
          patient,
          fault.swallowed === 'homeward' ? { swallowHomeward: true } : { swallowOutward: true },
          fault.forMs,
          signal,
        ),
      )
    case 'delay':
      return await inTurn(patient.ocean, () =>
        breakLine(patient, { delayMs: fault.delayMs }, fault.forMs, signal),
      )
    default: {
      const redis = patient.redis[fault.redis]
      return await inTurn(redis, () => hurtRedis(redis, fault, signal))
    }
  }
}

async function hurtRedis(
  redis: RedisServer,
  fault: Extract<Fault, { redis: RedisName }>,
  signal: AbortSignal,
): Promise<string> {
  if (fault.kind === 'redis-kill') await redis.kill()
  else if (fault.kind === 'redis-wipe') await redis.wipe()
  else if (fault.kind === 'redis-stop') await redis.freeze(fault.forMs, signal)
  else {
    const copy = redis.copy()
    await pause(fault.afterMs, undefined, { signal })
    await redis.rollBack(copy)
  }
  return `pid ${redis.pid}`
}

async function signalService(
  stack: StackProcess,
  service: ServiceName,
  name: NodeJS.Signals,
  signal: AbortSignal,
): Promise<string> {
  const pid = await livePid(stack, service, signal)
  process.kill(pid, name)
  return `pid ${pid}`
}

async function stopService(
  stack: StackProcess,
  service: ServiceName,
  forMs: number,
  signal: AbortSignal,
): Promise<string> {
  const pid = await livePid(stack, service, signal)
  process.kill(pid, 'SIGSTOP')
  try {
    await pause(forMs, undefined, { signal })
  } finally {
    // Another fault may have killed it meanwhile.
    if (stack.pidOf(service) === pid) process.kill(pid, 'SIGCONT')
  }
  return `pid ${pid}`
}

async function livePid(stack: StackProcess, service: ServiceName, signal: AbortSignal): Promise<number> {
  for (const endMs = Date.now() + rebirthMs; ; ) {
    const pid = stack.pidOf(service)
    if (pid !== undefined) return pid
    if (Date.now() > endMs) throw new Error(`${service} was not started again within ${rebirthMs} ms`)
    await pause(50, undefined, { signal })
  }
}

async function breakLine(
  { ocean }: Patient,
  broken: Partial<LineState>,
  forMs: number,
  signal: AbortSignal,
): Promise<string> {
  for (const line of ocean) line.set({ ...healthyLine, ...broken })
  try {
    await pause(forMs, undefined, { signal })
  } finally {
    for (const line of ocean) line.set(healthyLine)
  }
  return `${ocean.length} lines`
}

async function inTurn<T>(thing: object, work: () => Promise<T>): Promise<T> {
  const before = turns.get(thing) ?? Promise.resolve()
  const mine = before.then(work)
  turns.set(
    thing,
    mine.then(
      () => {},
      () => {},
    ),
  )
  return await mine
}
