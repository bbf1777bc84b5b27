import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { signedProposalCid } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import {
  askProtocol,
  type DealParams,
  type DealResponse,
  type DealStatusResponse,
  dealProtocols,
  decodeTransferParams,
  statusProtocol,
} from '@sealane/market'
import { serveAsks, serveDeals, serveStatus } from '@sealane/market/node'
import { createLibp2p } from 'libp2p'

/** A provider as clients meet it over libp2p: takes what its script takes, fetches the bytes, tells where the deal is. */
export async function scriptedProvider(
  script: {
    judge?: (params: DealParams) => DealResponse
    /** Called when the deal is taken and its client has not been told. */
    answering?: () => void
  } = {},
) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [yamux()],
    // Tests dial faster than clients do.
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: { identify: identify() },
  })
  const taken: { params: DealParams; fetched: Uint8Array | undefined }[] = []
  const failed = (cause: unknown) => {
    throw cause
  }
  const deals = serveDeals({
    judge: async (params) => {
      const answer = script.judge?.(params) ?? { accepted: true, message: '' }
      if (answer.accepted) {
        const deal: (typeof taken)[number] = { params, fetched: undefined }
        taken.push(deal)
        script.answering?.()
        if (!params.isOffline) void fetchBytes(params).then((bytes) => (deal.fetched = bytes))
      }
      return answer
    },
    failed,
  })
  for (const protocol of dealProtocols) await node.handle(protocol, deals)
  await node.handle(
    statusProtocol,
    serveStatus({
      answer: async ({ dealUuid }): Promise<DealStatusResponse> => {
        const deal = taken.find(({ params }) => params.dealUuid === dealUuid)
        const silent = { dealUuid, isOffline: false, transferSize: 0n, bytesReceived: 0n, dealStatus: null }
        if (deal === undefined)
          return { ...silent, error: `no storage deal found with deal UUID ${dealUuid}` }
        const { params, fetched } = deal
        return {
          error: '',
          dealUuid,
          isOffline: params.isOffline,
          transferSize: params.transfer.size,
          bytesReceived: BigInt(fetched?.length ?? 0),
          dealStatus: {
            error: '',
            status: fetched === undefined ? 'Accepted' : 'Transferred',
            proposal: params.clientDealProposal.proposal,
            publishCid: null,
            chainDealId: 0,
            sealingStatus: '',
            signedProposalCid: signedProposalCid(params.clientDealProposal),
          },
        }
      },
      failed,
    }),
  )
  await node.handle(
    askProtocol,
    serveAsks({
      answer: async ({ miner }) => ({
        ask: {
          ask: {
            miner,
            price: attoFil(500_000_000n),
            verifiedPrice: attoFil(0n),
            minPieceSize: 256n,
            maxPieceSize: 2048n,
            timestamp: 1,
            expiry: 1_000_001,
            sequence: 3,
          },
          signature: null,
        },
      }),
      failed,
    }),
  )
  return { node, taken, stop: async () => await node.stop() }
}

async function fetchBytes(params: DealParams): Promise<Uint8Array> {
  const { url } = decodeTransferParams(params.transfer.params)
  // In two ranges, as after a broken line.
  const parts = []
  for (const range of ['bytes=0-99', 'bytes=100-']) {
    const response = await fetch(url, { headers: { range } })
    if (response.status !== 206) throw new Error(`HTTP ${response.status}`)
    parts.push(new Uint8Array(await response.arrayBuffer()))
  }
  return Buffer.concat(parts)
}
