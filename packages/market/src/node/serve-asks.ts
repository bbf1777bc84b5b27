import type { StreamHandler } from '@libp2p/interface'
import { type AskRequest, type AskResponse, askRequest, askResponse } from '../ask11/codec.js'
import { maxAskRequestBytes } from '../ask11/constants.js'
import { itemHandler } from './item-handler.js'

/** Serves the provider's signed ask. */
export function serveAsks(options: {
  answer: (request: AskRequest, peer: string) => Promise<AskResponse>
  failed: (cause: unknown, peer: string) => void
}): StreamHandler {
  return itemHandler({
    maxBytes: maxAskRequestBytes,
    answer: async (request, peer) =>
      askResponse.encode(await options.answer(askRequest.decode(request), peer)),
    failed: options.failed,
  })
}
