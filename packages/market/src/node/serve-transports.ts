import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { type RetrievalTransports, retrievalTransports } from '../transports/codec.js'
import { transportsTimeoutMs } from '../transports/constants.js'
import { Deadline } from './deadline.js'
import { closeAfterAnswer, writeItem } from './stream-item.js'

/** Serves the list of retrieval transports: written as soon as the stream opens, for the client writes nothing. */
export function serveTransports(options: {
  transports: () => RetrievalTransports
  failed: (cause: unknown, peer: string) => void
}): StreamHandler {
  return async (stream: Stream, connection: Connection) => {
    const deadline = new Deadline()
    const signal = deadline.within(transportsTimeoutMs)
    try {
      await writeItem(stream, retrievalTransports.encode(options.transports()), { signal })
    } catch (cause) {
      options.failed(cause, connection.remotePeer.toString())
    }
    await closeAfterAnswer(stream, { signal })
    deadline.stop()
  }
}
