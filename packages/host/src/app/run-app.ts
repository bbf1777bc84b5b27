import 'reflect-metadata'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { INestApplicationContext, Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { createLog, type Log, type LogLevel } from '../log/log.js'
import { nestLog } from '../log/nest-log.js'
import { renewIdentities } from '../tls/live-identity.js'
import { exitCodeOf, FAULT_EXIT_CODE, onHalt, plainLine } from './halt.js'
import { Health } from './health.js'
import { hostModule } from './host-module.js'
import { Metrics } from './metrics.js'

/** From SIGTERM to the end of the process, whatever hangs. Source: design §3.11. Unit: ms. */
export const STOP_BUDGET_MS = 10_000
/** Part of the budget left for flushing and exiting. Unit: ms. */
const STOP_RESERVE_MS = 500
/** A loop that lags more lets locks run out. Unit: ms. */
const LAG_ALARM_MS = 200

export interface RunAppOptions {
  /** Shown in each log line: `sealer`. */
  readonly name: string
  /** The app's root Nest module class. */
  readonly module: Type<unknown>
  /** Parsed configuration values; modules inject them with `@InjectConfig()`. */
  readonly config: unknown
  readonly log?: Log
  readonly logLevel?: LogLevel
  readonly logFile?: string
  /** Uncaught errors that are known to leave the process sound (a peer's broken stream): logged, survived. */
  readonly survive?: (error: unknown) => boolean
}

export interface RunningApp {
  readonly context: INestApplicationContext
  readonly log: Log
  readonly health: Health
  readonly metrics: Metrics
  /** Runs the modules' shutdown hooks, then ends the process with `exitCode` within 10 s of the call. */
  stop(exitCode?: number): Promise<never>
}

/**
 * Runs one app: Nest context, signals, guards, graceful stop. Close things in `onApplicationShutdown`
 * (or `onModuleDestroy`) of their modules. SIGTERM or SIGINT stops, a second one ends at once; SIGHUP reads certificates again.
 * A start-up failure or halt() prints one plain line and exits 78 (own fault) or 70 (bug); stop exits 0, or 75 when a hook hung.
 */
export async function runApp(o: RunAppOptions): Promise<RunningApp> {
  const log =
    o.log ??
    createLog({
      name: o.name,
      ...(o.logLevel === undefined ? {} : { level: o.logLevel }),
      ...(o.logFile === undefined ? {} : { file: o.logFile }),
    })
  const health = new Health()
  const metrics = new Metrics()
  health.onChange(({ room, ok, reason }) => {
    if (ok) log.info('health green', { room })
    else log.warn('health red', { room, reason })
  })
  let context: INestApplicationContext | undefined
  let stopping: Promise<never> | undefined

  const stop = (exitCode = 0): Promise<never> => {
    stopping ??= (async () => {
      log.info('stopping')
      const hung = Symbol('hung')
      const timer = new Promise<typeof hung>((resolve) => {
        setTimeout(resolve, STOP_BUDGET_MS - STOP_RESERVE_MS, hung)
      })
      const closed = context?.close().catch((error: unknown) => log.error('stop hook failed', { error }))
      const outcome = await Promise.race([closed, timer])
      if (outcome === hung) log.error('stopped without waiting for what hung', { budgetMs: STOP_BUDGET_MS })
      else log.info('stopped')
      log.flush()
      // 75 is sysexits' EX_TEMPFAIL: nothing is lost (rows are the truth), but something did not close.
      process.exit(outcome === hung && exitCode === 0 ? 75 : exitCode)
    })()
    return stopping
  }
  const die = (error: unknown): void => {
    log.error('halt', { error })
    process.stderr.write(`${plainLine(error)}\n`)
    void stop(exitCodeOf(error))
  }
  const guard = (error: unknown): void => {
    if (o.survive?.(error)) log.error('survived', { error })
    else if (stopping) log.warn('error while stopping', { error })
    else die(error)
  }
  process.on('uncaughtException', guard)
  process.on('unhandledRejection', guard)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(FAULT_EXIT_CODE)
      void stop()
    })
  }
  // As systemctl reload: certificates are read again, nothing stops.
  process.on('SIGHUP', () => {
    log.info('reload', { certificates: renewIdentities() ? 'read again' : 'not all good, the old ones stay' })
  })
  onHalt(die)
  alarmOnLag(health, metrics)
  try {
    const host = hostModule({ log, health, metrics, config: o.config })
    context = await NestFactory.createApplicationContext(
      { module: RootModule, imports: [host, o.module] },
      { logger: nestLog(log), abortOnError: false },
    )
  } catch (error) {
    die(error)
    return await (stopping ?? stop(exitCodeOf(error)))
  }
  log.info('started')
  return { context, log, health, metrics, stop }
}

/** Holds the app's module and the host's beside each other. */
class RootModule {}

function alarmOnLag(health: Health, metrics: Metrics): void {
  const room = health.room('event loop')
  room.green()
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  const gauge = metrics.gauge('sealane_event_loop_lag_seconds', 'Largest event loop delay of the last 10 s')
  setInterval(() => {
    const lagMs = delay.max / 1e6
    delay.reset()
    gauge.set(lagMs / 1_000)
    if (lagMs > LAG_ALARM_MS) room.red(`event loop blocked for ${Math.round(lagMs)} ms`)
    else room.green()
  }, 10_000).unref()
}
