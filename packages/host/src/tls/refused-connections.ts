import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import type { Log } from '../log/log.js'

/** Why a TLS server did not let a caller in, in words. Codes: Node's X509 verification codes. */
const WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: a clock is wrong',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of another authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of another authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of another authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is of no authority',
  CERT_SIGNATURE_FAILURE: 'its certificate is of another authority',
}

/** Logs each connection that a TLS server refuses: from where, and why. */
export function logRefusedConnections(server: Server, name: string, log: Log): void {
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    const { authorizationError } = socket as { authorizationError?: unknown }
    const code = typeof authorizationError === 'string' ? authorizationError : undefined
    const reason =
      code === undefined
        ? /did not return a certificate/.test(error.message)
          ? 'it shows no certificate'
          : (error.message.split('\n')[0] ?? error.message)
        : (WORDS[code] ?? code)
    log.warn(`${name} refused a connection`, { from: socket.remoteAddress, reason })
  })
}

/** The same for a server that somebody else makes and keeps to itself (gRPC's), known by the port it listens on. Returns how to end it. */
export function logRefusedConnectionsOf(port: number, name: string, log: Log): () => void {
  const seen = (message: unknown) => {
    const { server } = (message as { socket: Socket & { server?: Server } }).socket
    const address = server?.address()
    if (server === undefined || typeof address !== 'object' || address?.port !== port) return
    end()
    logRefusedConnections(server, name, log)
  }
  const end = () => {
    unsubscribe('net.server.socket', seen)
  }
  subscribe('net.server.socket', seen)
  return end
}
