import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { streamToSocket } from '@libp2p/http-utils'
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { transferProtocol } from '../transfer/constants.js'

/**
 * Opens a stream on which the peer answers HTTP/1.1, as a socket for `http.request({ createConnection })`.
 * One request a stream, as Boost does.
 */
export async function openTransferSocket(
  connection: Connection,
  options: { signal: AbortSignal },
): Promise<Duplex> {
  const stream = await connection.newStream(transferProtocol, options)
  return streamToSocket(stream, connection)
}

/** Hands each incoming transfer stream to an HTTP server that need not listen anywhere else. */
export function serveTransferStreams(server: Server): StreamHandler {
  return (stream: Stream, connection: Connection) => {
    server.emit('connection', streamToSocket(stream, connection))
  }
}
