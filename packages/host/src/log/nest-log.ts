import type { LoggerService } from '@nestjs/common'
import type { Log } from './log.js'

/** Nest's own lines, in our log; its start-up chatter only at debug. */
export function nestLog(log: Log): LoggerService {
  const facts = (rest: unknown[]) => ({ from: rest.filter((item) => typeof item === 'string').at(-1) })
  return {
    log: (message: unknown, ...rest: unknown[]) => log.debug(String(message), facts(rest)),
    debug: (message: unknown, ...rest: unknown[]) => log.debug(String(message), facts(rest)),
    verbose: (message: unknown, ...rest: unknown[]) => log.debug(String(message), facts(rest)),
    warn: (message: unknown, ...rest: unknown[]) => log.warn(String(message), facts(rest)),
    error: (message: unknown, ...rest: unknown[]) => log.error(String(message), facts(rest)),
    fatal: (message: unknown, ...rest: unknown[]) => log.error(String(message), facts(rest)),
  }
}
