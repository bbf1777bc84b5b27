import { Channel, credentials, experimental } from '@grpc/grpc-js'
import {
  type CallOptions,
  type Client,
  ClientError,
  type ClientMiddleware,
  type ClientMiddlewareCall,
  createClientFactory,
  Metadata,
  Status,
} from 'nice-grpc'
import type { CompatServiceDefinition } from 'nice-grpc/lib/service-definitions/index.js'
import { type Identity, type Role, roleName } from '../tls/certificates.js'
import { plainTlsText } from '../tls/plain-tls-text.js'
import { IdentityProvider } from './identity-provider.js'
import { fromWire, RemoteError, type WireFailure } from './remote-error.js'
import { KEEPALIVE } from './serve-grpc.js'

/** Unit: ms. */
const DEADLINE_MS = 30_000

/**
 * A connection to `unix:/path` or `host:port`; it is made at the first call and made again for ever, with backoff.
 * `role`: what the server must be by its certificate, wherever it listens.
 */
export function grpcChannel(o: { address: string; tls?: Identity; role?: Role }): Channel {
  const options = {
    ...KEEPALIVE,
    'grpc.initial_reconnect_backoff_ms': 500,
    'grpc.max_reconnect_backoff_ms': 10_000,
  }
  if (o.address.startsWith('unix:') || o.tls === undefined)
    return new Channel(o.address, credentials.createInsecure(), options)
  const provider = new IdentityProvider(o.tls)
  return new Channel(
    o.address,
    experimental.createCertificateProviderChannelCredentials(provider, provider),
    { ...options, ...(o.role === undefined ? {} : { 'grpc.ssl_target_name_override': roleName(o.role) }) },
  )
}

/**
 * A typed client. Unary calls end after 30 s (or `deadlineMs`), streams when their signal says so.
 * Every failure is a RemoteError: the server's own code and remedy, or `retry` for the line and `halt` for a certificate.
 */
export function grpcClient<Definition extends CompatServiceDefinition>(
  definition: Definition,
  channel: Channel,
  o: { deadlineMs?: number } = {},
): Client<Definition> {
  return createClientFactory()
    .use(remoteErrors(o.deadlineMs ?? DEADLINE_MS))
    .create(definition, channel)
}

function remoteErrors(deadlineMs: number): ClientMiddleware {
  return async function* <Request, Response>(
    call: ClientMiddlewareCall<Request, Response>,
    options: CallOptions,
  ) {
    const trailer = { failure: undefined as WireFailure | undefined }
    const unary = !call.method.responseStream && !call.method.requestStream
    const deadline = unary ? AbortSignal.timeout(deadlineMs) : undefined
    const signals = [options.signal, deadline].filter((signal) => signal !== undefined)
    try {
      return yield* call.next(call.request, {
        ...options,
        metadata: Metadata(options.metadata),
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
        onTrailer: (metadata) => {
          const bytes = metadata.get('sealane-failure-bin')
          if (bytes !== undefined)
            trailer.failure = JSON.parse(Buffer.from(bytes).toString('utf8')) as WireFailure
          options.onTrailer?.(metadata)
        },
      })
    } catch (cause) {
      if (options.signal?.aborted) throw cause
      if (trailer.failure !== undefined) throw fromWire(trailer.failure, cause)
      if (deadline?.aborted) {
        throw new RemoteError(
          { code: 'DEADLINE', path: call.method.path, deadlineMs },
          `${call.method.path}: no answer in ${deadlineMs} ms`,
          'retry',
          { cause },
        )
      }
      if (!(cause instanceof ClientError)) throw cause
      // PERMISSION_DENIED: a certificate of the wrong role, which only a person can change.
      const remedy =
        cause.code === Status.PERMISSION_DENIED || cause.code === Status.UNAUTHENTICATED ? 'hold' : 'retry'
      throw new RemoteError(
        { code: `GRPC_${Status[cause.code]}`, path: cause.path },
        `${cause.path}: ${plainTlsText(new Error(cause.details))}`,
        remedy,
        { cause },
      )
    }
  }
}
