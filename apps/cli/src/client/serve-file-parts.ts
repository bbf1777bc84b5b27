import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FilePart } from './plan-deals.js'

/**
 * A plain HTTP server that gives each part of a file its own URL, with Range: what a client's data server does. On loopback, unless
 * `at` says under which URL the provider reaches this machine (then on all interfaces, at the URL's port).
 */
export async function serveFileParts(
  parts: readonly FilePart[],
  at?: URL,
): Promise<{ url: (part: FilePart) => string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const index = Number(/\/parts\/(\d+)$/.exec(request.url ?? '')?.[1] ?? Number.NaN)
    const part = parts[index]
    if (!part) return void response.writeHead(404).end()
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const start = range ? Number(range[1]) : 0
    const end = range?.[2] ? Math.min(Number(range[2]), part.sizeBytes - 1) : part.sizeBytes - 1
    if (start > end)
      return void response.writeHead(416, { 'content-range': `bytes */${part.sizeBytes}` }).end()
    response.writeHead(range ? 206 : 200, {
      'accept-ranges': 'bytes',
      'content-length': end - start + 1,
      etag: `"${part.pieceCid}"`,
      ...(range ? { 'content-range': `bytes ${start}-${end}/${part.sizeBytes}` } : {}),
    })
    if (request.method === 'HEAD') return void response.end()
    open(part.path, 'r').then(
      (file) => file.createReadStream({ start: part.offset + start, end: part.offset + end }).pipe(response),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    )
  })
  const wanted = at === undefined ? 0 : Number(at.port === '' ? 80 : at.port)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, at === undefined ? '127.0.0.1' : undefined, resolve)
  })
  const { port } = server.address() as AddressInfo
  const base = at === undefined ? `http://127.0.0.1:${port}` : at.href.replace(/\/$/, '')
  return {
    url: (part) => `${base}/parts/${parts.indexOf(part)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
