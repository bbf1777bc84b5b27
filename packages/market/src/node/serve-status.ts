import type { StreamHandler } from '@libp2p/interface'
import {
  type DealStatusRequest,
  type DealStatusResponse,
  dealStatusRequest,
  dealStatusResponse,
} from '../status12/codec.js'
import { maxStatusRequestBytes } from '../status12/constants.js'
import { itemHandler } from './item-handler.js'

/** Serves status requests. `answer` looks the deal up before it checks the signature, as clients expect of the texts. */
export function serveStatus(options: {
  answer: (request: DealStatusRequest, peer: string) => Promise<DealStatusResponse>
  failed: (cause: unknown, peer: string) => void
}): StreamHandler {
  return itemHandler({
    maxBytes: maxStatusRequestBytes,
    answer: async (request, peer) =>
      dealStatusResponse.encode(await options.answer(dealStatusRequest.decode(request), peer)),
    failed: options.failed,
  })
}
