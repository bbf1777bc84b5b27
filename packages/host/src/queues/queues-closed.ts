import { HostError } from '../errors/host-error.js'

/** What adds and handlers meet once the queues are closing. */
export function queuesClosed(): HostError {
  return new HostError({ code: 'QUEUES_CLOSED' }, 'the queues are closing')
}
