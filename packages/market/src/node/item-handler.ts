import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { providerReadTimeoutMs, providerWriteTimeoutMs } from '../mk12/constants.js'
import { Deadline } from './deadline.js'
import { closeAfterAnswer, readItem, writeItem } from './stream-item.js'

/** How one protocol answers: bytes in, bytes out. */
export interface ItemAnswer {
  /** Longest request read. Unit: bytes. */
  readonly maxBytes: number
  /**
   * Answers one request. Throwing means no answer: the peer sees the stream end.
   * @param peer the caller's peer id
   */
  readonly answer: (request: Uint8Array, peer: string) => Promise<Uint8Array>
  /** How long a whole request may take to arrive. Unit: milliseconds. Default: {@link providerReadTimeoutMs}. */
  readonly readTimeoutMs?: number
  /** Told of every exchange that got no answer: the caller can tell a rude peer from a sick disk, we cannot. */
  readonly failed: (cause: unknown, peer: string) => void
}

/**
 * Serves "one CBOR item in, one out, close" on a stream.
 *
 * Undecodable, oversized and stalled requests end in a plain end of stream without an answer, never in a reset: that is
 * what clients know. Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:240-243, as recorded.
 */
export function itemHandler({ maxBytes, answer, readTimeoutMs, failed }: ItemAnswer): StreamHandler {
  return async (stream: Stream, connection: Connection) => {
    const peer = connection.remotePeer.toString()
    const deadline = new Deadline()
    try {
      const signal = deadline.within(readTimeoutMs ?? providerReadTimeoutMs)
      const request = await readItem(stream, { maxBytes, signal })
      deadline.stop()
      const response = await answer(request, peer)
      await writeItem(stream, response, { signal: deadline.within(providerWriteTimeoutMs) })
    } catch (cause) {
      failed(cause, peer)
    }
    await closeAfterAnswer(stream, { signal: deadline.within(providerWriteTimeoutMs) })
    deadline.stop()
  }
}
