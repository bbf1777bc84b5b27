import { chmodSync, rmSync } from 'node:fs'
import { experimental, ServerCredentials } from '@grpc/grpc-js'
import {
  type CallContext,
  createServer,
  ServerError,
  type ServerMiddleware,
  type ServerMiddlewareCall,
  type ServiceImplementation,
  Status,
} from 'nice-grpc'
import type { CompatServiceDefinition } from 'nice-grpc/lib/service-definitions/index.js'
import { HostError } from '../errors/host-error.js'
import type { Log } from '../log/log.js'
import { silentLog } from '../log/log.js'
import type { Identity, Role } from '../tls/certificates.js'
import { logRefusedConnectionsOf } from '../tls/refused-connections.js'
import { IdentityProvider } from './identity-provider.js'
import { NAME_HEADER, peerRole, ROLE_HEADER } from './peer-role.js'
import { toWire } from './remote-error.js'

/** Who calls, by certificate (or the local user, over a unix socket). */
export interface Caller {
  readonly role: Role
  readonly name: string
}

export interface GrpcService {
  readonly definition: CompatServiceDefinition
  readonly implementation: unknown
  /** Roles that may call it; other certificates of our authority are refused with PERMISSION_DENIED. */
  readonly roles: readonly Role[]
}

/** Pairs a generated definition with its implementation, so that the types of both are checked. */
export function grpcService<Definition extends CompatServiceDefinition>(
  definition: Definition,
  implementation: ServiceImplementation<Definition, { caller: Caller }>,
  roles: readonly Role[],
): GrpcService {
  return { definition, implementation, roles }
}

export interface GrpcServer {
  /** The port, when listening on TCP. */
  readonly port: number
  /** Ends streams and calls at once. */
  close(): Promise<void>
}

/** A message of ours is params and rows, never pieces or proofs. Unit: bytes. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024

/** Both sides ping an idle connection: a half-open one is found within 15 s (faults.md N2 asks for 20). */
export const KEEPALIVE = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
} as const

/**
 * Serves gRPC on `unix:/path` (in a 0700 folder: whoever reaches it has role `local`) or `host:port` (mutual TLS, `tls` required).
 * Handlers throw CodedErrors; the client throws them again as RemoteError. Throws HostError ADDRESS.
 */
export async function serveGrpc(o: {
  services: readonly GrpcService[]
  address: string
  tls?: Identity
  log?: Log
}): Promise<GrpcServer> {
  const socket = o.address.startsWith('unix:') ? o.address.slice('unix:'.length) : undefined
  if (socket === undefined && o.tls === undefined) {
    throw new HostError(
      { code: 'ADDRESS', address: o.address, reason: 'no certificate' },
      `gRPC on ${o.address} needs a certificate: set tls, or listen on unix:/path`,
    )
  }
  const log = o.log ?? silentLog()
  const base = createServer({
    ...KEEPALIVE,
    interceptors: [peerRole(socket === undefined ? undefined : 'local')],
  } as Parameters<typeof createServer>[0])
  const server = base.use(errorsToStatus(log))
  for (const service of o.services) {
    server
      .with(allow(service.roles, log))
      .add(
        service.definition,
        service.implementation as ServiceImplementation<CompatServiceDefinition, { caller: Caller }>,
      )
  }
  if (socket !== undefined) rmSync(socket, { force: true })
  const credentials =
    o.tls === undefined || socket !== undefined
      ? ServerCredentials.createInsecure()
      : serverCredentials(o.tls)
  let port: number
  try {
    port = await server.listen(o.address, credentials)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new HostError(
      { code: 'ADDRESS', address: o.address, reason },
      `cannot listen on ${o.address}: ${reason}`,
      { cause },
    )
  }
  if (socket !== undefined) chmodSync(socket, 0o600)
  const endLog = socket === undefined ? logRefusedConnectionsOf(port, 'gRPC', log) : () => {}
  return {
    port,
    close: async () => {
      endLog()
      server.forceShutdown()
      if (socket !== undefined) rmSync(socket, { force: true })
    },
  }
}

/** Mutual TLS; a renewed certificate is shown from the next connection on. */
function serverCredentials(identity: Identity): ServerCredentials {
  const provider = new IdentityProvider(identity)
  return experimental.createCertificateProviderServerCredentials(provider, provider, true)
}

function allow(roles: readonly Role[], log: Log): ServerMiddleware<{ caller: Caller }> {
  return async function* (call, context: CallContext) {
    const role = context.metadata.get(ROLE_HEADER)
    const name = context.metadata.get(NAME_HEADER) ?? ''
    if (role === undefined || !(roles.includes(role) || role === 'local')) {
      const reason = `role ${role ?? 'none'} may not call ${call.method.path}; it is for ${roles.join(', ')}`
      log.warn('call refused', { role, name, reason })
      throw new ServerError(Status.PERMISSION_DENIED, reason)
    }
    return yield* call.next(call.request, { ...context, caller: { role, name } })
  }
}

function errorsToStatus(log: Log): ServerMiddleware {
  return async function* <Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    try {
      return yield* call.next(call.request, context)
    } catch (error) {
      if (error instanceof ServerError) throw error
      if (error instanceof Error && error.name === 'AbortError') throw error
      const failure = toWire(error)
      log.warn('call failed', { method: call.method.path, error })
      const json = JSON.stringify(failure, (_key, value: unknown) =>
        typeof value === 'bigint' ? value.toString() : value,
      )
      context.trailer.set('sealane-failure-bin', Buffer.from(json))
      throw new ServerError(Status.UNKNOWN, failure.text)
    }
  }
}
