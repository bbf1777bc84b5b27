import type { StreamHandler } from '@libp2p/interface'
import { type DealParams, type DealResponse, dealParams, dealResponse } from '../mk12/codec.js'
import { maxDealParamsBytes } from '../mk12/constants.js'
import { itemHandler } from './item-handler.js'

/**
 * Serves deal proposals, on both protocol names alike.
 * @param judge decides one proposal, with the bytes it came in; its own time must stay far below the 60 s a client waits
 * @param failed told of streams that got no answer
 */
export function serveDeals(options: {
  judge: (params: DealParams, peer: string, request: Uint8Array) => Promise<DealResponse>
  failed: (cause: unknown, peer: string) => void
  readTimeoutMs?: number
}): StreamHandler {
  return itemHandler({
    ...(options.readTimeoutMs === undefined ? {} : { readTimeoutMs: options.readTimeoutMs }),
    maxBytes: maxDealParamsBytes,
    answer: async (request, peer) =>
      dealResponse.encode(await options.judge(dealParams.decode(request), peer, request)),
    failed: options.failed,
  })
}
