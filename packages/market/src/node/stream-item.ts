import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { CborError, ItemScanner } from '@sealane/actors'
import { StreamError } from './stream-error.js'

/**
 * Reads exactly one CBOR item and returns its bytes as soon as its last one is here: Go clients do not half-close, so
 * waiting for the end of the stream would wait for ever. Bytes after the item are left unread and thrown away.
 *
 * @throws {CborError} when no continuation could make the bytes one item of at most `maxBytes`.
 * @throws {StreamError} when the item does not arrive whole before `signal` aborts or the stream ends.
 */
export function readItem(
  stream: Stream,
  options: { maxBytes: number; signal: AbortSignal },
): Promise<Uint8Array> {
  const { maxBytes, signal } = options
  return new Promise((resolve, reject) => {
    const scanner = new ItemScanner({ maxBytes })
    let buffer = new Uint8Array(Math.min(1024, maxBytes))
    let used = 0

    // Protocol negotiation may hand bytes back after the stream has said it ended, so both must hold.
    const drained = () =>
      stream.readBufferLength === 0 && (stream.readableEnded || !['open', 'closing'].includes(stream.status))
    const settle = (outcome: () => void) => {
      stream.removeEventListener('message', onMessage)
      stream.removeEventListener('end', onEnd)
      stream.removeEventListener('close', onClose)
      signal.removeEventListener('abort', onAbort)
      // Without a listener later bytes would pile up in the stream's buffer until it resets.
      stream.addEventListener('message', discard)
      outcome()
    }
    const onMessage = (event: StreamMessageEvent) => {
      const bytes = event.data.subarray()
      const wanted = Math.min(bytes.length, maxBytes + 1 - used)
      if (used + wanted > buffer.length) {
        const larger = new Uint8Array(Math.min(maxBytes + 1, Math.max(used + wanted, buffer.length * 2)))
        larger.set(buffer.subarray(0, used))
        buffer = larger
      }
      buffer.set(bytes.subarray(0, wanted), used)
      used += wanted
      try {
        requireMap(buffer[0] ?? 0)
        const end = scanner.scan(buffer.subarray(0, used))
        if (end !== undefined) settle(() => resolve(buffer.slice(0, end)))
        else if (drained()) onEnd()
      } catch (cause) {
        settle(() => reject(cause))
      }
    }
    const onEnd = () => {
      if (stream.readBufferLength === 0) settle(() => reject(ended(used)))
    }
    const onClose = (event: StreamCloseEvent) =>
      settle(() =>
        reject(
          event.error === undefined
            ? ended(used)
            : new StreamError('STREAM_RESET', `stream broken off after ${used} bytes`, {
                cause: event.error,
              }),
        ),
      )
    const onAbort = () =>
      settle(() => reject(new StreamError('STREAM_TIMEOUT', `no complete item after ${used} bytes in time`)))

    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    stream.addEventListener('end', onEnd)
    stream.addEventListener('close', onClose)
    stream.addEventListener('message', onMessage)
    if (drained()) onEnd()
  })
}

/**
 * Writes one item and waits until the stream has room again. @throws {StreamError} when that does not happen in time.
 */
export async function writeItem(
  stream: Stream,
  item: Uint8Array,
  options: { signal: AbortSignal },
): Promise<void> {
  try {
    if (!stream.send(item)) await stream.onDrain(options)
  } catch (cause) {
    throw options.signal.aborted
      ? new StreamError('STREAM_TIMEOUT', 'peer did not take the answer in time', { cause })
      : new StreamError('STREAM_RESET', 'stream broke while writing', { cause })
  }
}

/**
 * Ends an exchange from the answering side: closes our end, gives the peer until `signal` aborts to read and to close
 * its own, then drops the stream. A reset sent at once could overtake the answer at the peer.
 */
export async function closeAfterAnswer(stream: Stream, options: { signal: AbortSignal }): Promise<void> {
  try {
    await stream.close(options)
    await remoteClosed(stream, options.signal)
  } catch (cause) {
    stream.abort(new StreamError('STREAM_RESET', 'peer did not close its end', { cause }))
  }
}

function remoteClosed(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.remoteWriteStatus === 'closed' || stream.status !== 'open') return resolve()
    if (signal.aborted) return reject(signal.reason)
    const settle = (outcome: () => void) => () => {
      stream.removeEventListener('remoteCloseWrite', done)
      stream.removeEventListener('close', done)
      signal.removeEventListener('abort', late)
      outcome()
    }
    const done = settle(resolve)
    const late = settle(() => reject(signal.reason))
    stream.addEventListener('remoteCloseWrite', done)
    stream.addEventListener('close', done)
    signal.addEventListener('abort', late)
  })
}

/** Every message of the market is a map: what begins otherwise is not waited for. Major type 5, RFC 8949 §3.1. */
function requireMap(first: number): void {
  if (first >> 5 !== 5)
    throw new CborError('WRONG_TYPE', `a message begins with byte ${first}, which is no map`)
}

function ended(bytes: number): StreamError {
  return new StreamError('STREAM_ENDED', `stream ended after ${bytes} bytes of an incomplete item`)
}

function discard(): void {}
