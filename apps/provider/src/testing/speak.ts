import type { Connection, Stream } from '@libp2p/interface'

/** What came back on a stream, and how it ended. */
export interface Heard {
  readonly bytes: Uint8Array
  readonly end: 'eof' | 'reset'
  /** From the stream's start to its end. */
  readonly tookMs: number
}

/**
 * Opens a stream, writes pieces one by one, and listens until the other side ends it. Like a Go client it does not
 * half-close before it has the answer, unless told to.
 */
export async function speak(
  connection: Connection,
  protocol: string,
  pieces: readonly Uint8Array[],
  o: { halfClose?: boolean } = {},
): Promise<Heard> {
  const began = performance.now()
  const stream = await connection.newStream(protocol)
  const heard: Uint8Array[] = []
  const end = ended(stream, heard)
  for (const piece of pieces) {
    if (stream.status !== 'open' || stream.writeStatus !== 'writable') break
    if (stream.send(piece)) continue
    // Whoever has hung up takes no more: then the end comes before the room.
    if ((await Promise.race([stream.onDrain().then(() => 'room' as const), end])) !== 'room') break
  }
  if (o.halfClose === true) await stream.close()
  const how = await end
  const tookMs = performance.now() - began
  stream.abort(new Error('heard enough'))
  return { bytes: Uint8Array.from(Buffer.concat(heard)), end: how, tookMs }
}

function ended(stream: Stream, heard: Uint8Array[]): Promise<'eof' | 'reset'> {
  return new Promise((resolve) => {
    stream.addEventListener('message', ({ data }) => heard.push(data.subarray()))
    stream.addEventListener('remoteCloseWrite', () => resolve('eof'))
    // An answer that needs no question may be over before anyone listens.
    if (stream.remoteWriteStatus !== 'writable') setImmediate(() => resolve('eof'))
    stream.addEventListener('close', ({ error }) => resolve(error === undefined ? 'eof' : 'reset'))
  })
}
