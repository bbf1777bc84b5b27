import { chmodSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { Server as TlsServer } from 'node:tls'
import type { OperatorApi, OperatorHandlers, Permission } from '@sealane/proto'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Metrics } from '../app/metrics.js'
import type { Secret } from '../config/secret.js'
import { HostError } from '../errors/host-error.js'
import { toWire, type WireFailure } from '../grpc/remote-error.js'
import { type Log, silentLog } from '../log/log.js'
import type { Identity } from '../tls/certificates.js'
import { allows, tokenPermission } from './operator-token.js'
import { type OperatorAnswer, toJson } from './operator-wire.js'

export interface OperatorServer {
  /** The TCP port, when one is served. */
  readonly port: number | undefined
  close(): Promise<void>
}

export interface OperatorServerOptions<Api extends OperatorApi> {
  readonly api: Api
  readonly handlers: OperatorHandlers<Api>
  /** In a folder of its own that is 0700, made here; reaching the socket means admin. Keep the whole path below 108 bytes. */
  readonly socketPath: string
  /** Also over TCP with a token of `jwtSecret`; off loopback only with `tls`. */
  readonly tcp?: { readonly host: string; readonly port: number; readonly tls?: Identity }
  readonly jwtSecret?: Secret
  /** Adds GET /metrics. */
  readonly metrics?: Metrics
  readonly log?: Log
}

/** A request is a few parameters. Unit: bytes. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024
const MAX_SOCKET_PATH_BYTES = 107

/**
 * Serves an operator catalogue on a unix socket (admin) and, if asked, on TCP (JWT with read, write, sign or admin).
 * Handlers throw CodedErrors; operatorClient throws them again. Throws HostError ADDRESS when the socket is another process's.
 */
export async function serveOperator<const Api extends OperatorApi>(
  o: OperatorServerOptions<Api>,
): Promise<OperatorServer> {
  const folder = dirname(o.socketPath)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if ((statSync(folder).mode & 0o077) !== 0) {
    throw address(o.socketPath, `folder ${folder} is open to other users: chmod 700 it`)
  }
  if (Buffer.byteLength(o.socketPath) > MAX_SOCKET_PATH_BYTES)
    throw address(o.socketPath, 'the path of a socket has at most 107 bytes')
  if (existsSync(o.socketPath)) {
    if (await answers(o.socketPath)) throw address(o.socketPath, 'another process serves it')
    rmSync(o.socketPath) // left by a process that was killed
  }
  const local = build(o, undefined, async () => 'admin')
  await local.listen({ path: o.socketPath })
  chmodSync(o.socketPath, 0o600)
  let remote: FastifyInstance | undefined
  if (o.tcp !== undefined) {
    const { host, port, tls } = o.tcp
    const { jwtSecret } = o
    if (jwtSecret === undefined) throw address(`${host}:${port}`, 'no jwtSecret')
    if (tls === undefined && !/^(127\.|localhost$|::1$)/.test(host))
      throw address(`${host}:${port}`, 'off loopback it needs a certificate')
    remote = build(o, tls, async (authorization) => {
      const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1]
      return token === undefined ? undefined : await tokenPermission(jwtSecret, token)
    })
    await remote.listen({ host, port })
  }
  const listening = remote?.server.address()
  return {
    port: typeof listening === 'object' ? listening?.port : undefined,
    close: async () => {
      await Promise.all([local.close(), remote?.close()])
      rmSync(o.socketPath, { force: true })
    },
  }
}

function build<Api extends OperatorApi>(
  o: OperatorServerOptions<Api>,
  tls: Identity | undefined,
  permissionOf: (authorization: string | undefined) => Promise<Permission | undefined>,
): FastifyInstance {
  const log = o.log ?? silentLog()
  const options = { bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true, logger: false }
  // Over TLS the token says who calls: an operator's browser or script has no certificate of ours.
  const https = tls === undefined ? null : { cert: tls.certificate, key: tls.key }
  const server: FastifyInstance = Fastify({ ...options, https }) as unknown as FastifyInstance
  tls?.onRenewed?.(() => {
    const { server: under } = server as { server: unknown }
    if (under instanceof TlsServer) under.setSecureContext({ cert: tls.certificate, key: tls.key })
  })
  server.post<{ Params: { method: string } }>('/v1/:method', async (request, reply): Promise<string> => {
    void reply.type('application/json')
    const answer = await call(
      request.params.method,
      request.body ?? {},
      await permissionOf(request.headers.authorization),
    )
    return toJson(answer)
  })
  const { metrics } = o
  if (metrics !== undefined) {
    server.get('/metrics', async (request, reply) => {
      if ((await permissionOf(request.headers.authorization)) === undefined) return reply.code(401).send()
      return reply.type('text/plain; version=0.0.4').send(await metrics.text())
    })
  }
  return server

  async function call(
    name: string,
    body: unknown,
    permission: Permission | undefined,
  ): Promise<OperatorAnswer> {
    const method = Object.hasOwn(o.api, name) ? o.api[name] : undefined
    const handler = Object.hasOwn(o.handlers, name) ? o.handlers[name as keyof Api] : undefined
    if (permission === undefined) return refused('UNAUTHORIZED', 'no valid token')
    if (method === undefined || handler === undefined) return refused('NO_SUCH_METHOD', `no method ${name}`)
    if (!allows(permission, method.permission)) {
      return refused(
        'FORBIDDEN',
        `${name} needs permission ${method.permission}, the token has ${permission}`,
      )
    }
    const params = method.params.safeParse(body)
    if (!params.success) {
      const text = params.error.issues
        .map((issue) => `${issue.path.join('.') || name}: ${issue.message}`)
        .join('; ')
      return refused('WRONG_PARAMETERS', text)
    }
    try {
      return { result: await handler(params.data as Parameters<typeof handler>[0]) }
    } catch (error) {
      log.warn('operator call failed', { method: name, error })
      return { failure: toWire(error) }
    }
  }
}

function refused(code: string, text: string): { failure: WireFailure } {
  return { failure: { code, remedy: 'hold', text, facts: {} } }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function address(where: string, reason: string): HostError {
  return new HostError({ code: 'ADDRESS', address: where, reason }, `operator API at ${where}: ${reason}`)
}
