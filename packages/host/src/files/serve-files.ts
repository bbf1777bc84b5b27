import { open } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { HostError } from '../errors/host-error.js'
import { type Log, silentLog } from '../log/log.js'
import { type Identity, type Role, tlsOptions } from '../tls/certificates.js'
import { logRefusedConnections } from '../tls/refused-connections.js'
import { receiveFile } from './receive-file.js'
import { requestPathOf } from './request-path.js'

export interface FileServer {
  readonly port: number
  close(): Promise<void>
}

/** The file behind a request path, or undefined for 404. Must map names it knows to paths, never build a path from the request. */
export type FindFile = (
  requestPath: string,
  caller: { role: Role; name: string },
) => Promise<string | undefined>

/**
 * Where a PUT to a request path may be written, and how large it may be, or undefined for 404. As FindFile: names it knows, never a path.
 * `arrived` is waited for when the file has its name, before the sender is answered: it may not be wanted any more.
 */
export type ReceiveFile = (
  requestPath: string,
  caller: { role: Role; name: string },
) => Promise<{ path: string; maxBytes: number; arrived?: () => Promise<void> } | undefined>

/** Nothing read or written on a connection for this long ends it. Unit: ms. */
const IDLE_TIMEOUT_MS = 60_000

/**
 * Serves files over HTTPS with mutual TLS and Range to callers of `roles`: bulk bytes, which never travel in queues or gRPC.
 * A PUT answers 204 once the bytes are durable under their name. A GET answers 200 or, with `Range: bytes=a-` or `a-b`, 206; HEAD tells the size. Files are sent as they are on disk.
 */
export async function serveFiles(o: {
  host: string
  port: number
  tls: Identity
  roles: readonly Role[]
  find: FindFile
  /** Takes PUTs; without it they are refused. */
  receive?: ReceiveFile
  log?: Log
}): Promise<FileServer> {
  const log = o.log ?? silentLog()
  const server = createServer({ ...tlsOptions(o.tls), keepAliveTimeout: 30_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.warn('file not served', { path: request.url, error })
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    })
  })
  o.tls.onRenewed?.(() => server.setSecureContext(tlsOptions(o.tls)))
  server.setTimeout(IDLE_TIMEOUT_MS)
  logRefusedConnections(server, 'file server', log)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new HostError(
          { code: 'ADDRESS', address: `${o.host}:${o.port}`, reason: cause.message },
          `cannot listen on ${o.host}:${o.port}: ${cause.message}`,
          { cause },
        ),
      )
    })
    server.listen(o.port, o.host, resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : o.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const subject = (request.socket as TLSSocket).getPeerCertificate().subject
    const role = typeof subject?.OU === 'string' ? subject.OU : ''
    const name = typeof subject?.CN === 'string' ? subject.CN : ''
    if (!o.roles.includes(role)) {
      const reason = `role ${role || 'none'} may not fetch files here`
      log.warn('file server refused a caller', { role, name, reason })
      return void response.writeHead(403).end(`${reason}\n`)
    }
    const requestPath = requestPathOf(request.url)
    if (requestPath === undefined) return void response.writeHead(400, { connection: 'close' }).end()
    if (request.method === 'PUT' && o.receive) {
      const target = await o.receive(requestPath, { role, name })
      if (target === undefined) return void response.writeHead(404, { connection: 'close' }).end()
      const status = await receiveFile(request, target)
      if (status === 204) await target.arrived?.()
      return void response.writeHead(status, status === 204 ? {} : { connection: 'close' }).end()
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    const path = await o.find(requestPath, { role, name })
    if (path === undefined) return void response.writeHead(404).end()
    const file = await open(path, 'r')
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return void response.writeHead(404).end()
      const range = parseRange(request.headers.range, stat.size)
      const headers = { 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' }
      if (range === 'unsatisfiable') {
        return void response.writeHead(416, { ...headers, 'content-range': `bytes */${stat.size}` }).end()
      }
      const { start, end } = range ?? { start: 0, end: stat.size - 1 }
      const partial = range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${stat.size}` }
      response.writeHead(range === undefined ? 200 : 206, {
        ...headers,
        ...partial,
        'content-length': end - start + 1,
      })
      if (request.method === 'HEAD' || end < start) return void response.end()
      const stream = file.createReadStream({ start, end, autoClose: false, highWaterMark: 1024 * 1024 })
      response.once('close', () => stream.destroy())
      for await (const chunk of stream) {
        if (!response.write(chunk)) await drained(response)
        if (response.destroyed) return
      }
      response.end()
    } finally {
      await file.close()
    }
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}

/** The one range form that our own client sends; others get the whole file, as HTTP allows. */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '')
  if (match === null) return undefined
  const start = Number(match[1])
  const end = match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1)
  return start >= sizeBytes || end < start ? 'unsatisfiable' : { start, end }
}
