import type { Connection, Stream } from '@libp2p/interface'
import type { Address, Codec } from '@sealane/actors'
import { askRequest, askResponse, type SignedStorageAsk } from '../ask11/codec.js'
import { askProtocol, maxAskResponseBytes } from '../ask11/constants.js'
import { type DealParams, type DealResponse, dealParams, dealResponse } from '../mk12/codec.js'
import {
  clientReadTimeoutMs,
  clientWriteTimeoutMs,
  dealProtocols,
  maxDealResponseBytes,
} from '../mk12/constants.js'
import {
  type DealStatusRequest,
  type DealStatusResponse,
  dealStatusRequest,
  dealStatusResponse,
} from '../status12/codec.js'
import { maxStatusResponseBytes, statusProtocol } from '../status12/constants.js'
import { type RetrievalTransports, retrievalTransports } from '../transports/codec.js'
import { maxTransportsBytes, transportsProtocol } from '../transports/constants.js'
import { Deadline } from './deadline.js'
import { readItem, writeItem } from './stream-item.js'

/** Stops a call early; each call also has the protocol's own deadline. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/**
 * Proposes a deal over an open connection, on 1.2.1 or, where that is not spoken, 1.2.0.
 * @throws {StreamError} when no whole answer came; the provider may have accepted all the same: ask for the status.
 */
export function proposeDeal(
  connection: Connection,
  params: DealParams,
  options?: CallOptions,
): Promise<DealResponse> {
  return call(
    connection,
    [...dealProtocols],
    dealParams.encode(params),
    dealResponse,
    maxDealResponseBytes,
    options,
  )
}

/** Asks a provider for a deal's status. The answer may carry an error in place of a status. @throws {StreamError} */
export function queryDealStatus(
  connection: Connection,
  request: DealStatusRequest,
  options?: CallOptions,
): Promise<DealStatusResponse> {
  const bytes = dealStatusRequest.encode(request)
  return call(connection, [statusProtocol], bytes, dealStatusResponse, maxStatusResponseBytes, options)
}

/** Asks for a provider's ask; null when it gives none for this miner. @throws {StreamError} */
export async function queryAsk(
  connection: Connection,
  miner: Address,
  options?: CallOptions,
): Promise<SignedStorageAsk | null> {
  const bytes = askRequest.encode({ miner })
  const { ask } = await call(connection, [askProtocol], bytes, askResponse, maxAskResponseBytes, options)
  return ask
}

/** Asks how a provider's data can be retrieved. @throws {StreamError} */
export function queryTransports(connection: Connection, options?: CallOptions): Promise<RetrievalTransports> {
  return call(connection, [transportsProtocol], undefined, retrievalTransports, maxTransportsBytes, options)
}

async function call<Response>(
  connection: Connection,
  protocols: string[],
  request: Uint8Array | undefined,
  response: Codec<Response>,
  maxBytes: number,
  options: CallOptions = {},
): Promise<Response> {
  const deadline = new Deadline()
  const within = (timeoutMs: number) => {
    const late = deadline.within(timeoutMs)
    return options.signal === undefined ? late : AbortSignal.any([late, options.signal])
  }
  let stream: Stream | undefined
  try {
    stream = await connection.newStream(protocols, { signal: within(clientWriteTimeoutMs) })
    if (request !== undefined) await writeItem(stream, request, { signal: within(clientWriteTimeoutMs) })
    const answer = response.decode(await readItem(stream, { maxBytes, signal: within(clientReadTimeoutMs) }))
    await stream.close({ signal: within(clientWriteTimeoutMs) })
    return answer
  } catch (cause) {
    stream?.abort(new Error('exchange given up', { cause }))
    throw cause
  } finally {
    deadline.stop()
  }
}
