import { formatAddress, parseAddress } from '@sealane/actors'
import { attoFilFromText, formatFil, formatSize, totalPrice } from '@sealane/fil-units'
import type { DealStatusResponse } from '@sealane/market'
import type { ClientDeal } from '../client/deal-statuses.js'
import { stamp } from './clock-time.js'
import { columnTable } from './column-table.js'
import { shortCid } from './deals-table.js'

/** `client list-deals`. Source: S18 of the operator notes; filecoin-project/lotus@v1.22 cli/client.go. */
export function clientDealsTable(
  deals: readonly ClientDeal[],
  o: { verbose: boolean; colour: boolean; prefix: 'f' | 't' },
): string {
  return columnTable(
    [
      ...(o.verbose ? [{ name: 'Created' }, { name: 'DealUuid' }] : []),
      { name: 'DealCid' },
      { name: 'DealId' },
      { name: 'Provider' },
      { name: 'State' },
      { name: 'On Chain?' },
      { name: 'Slashed?' },
      { name: 'PieceCID' },
      { name: 'Size' },
      { name: 'Price' },
      { name: 'Duration' },
      { name: 'Verified' },
      { name: 'Message', ownLine: true },
    ],
    [...deals].sort((a, b) => a.made.madeMs - b.made.madeMs).map((deal) => row(deal, o)),
  )
}

function row(
  deal: ClientDeal,
  o: { verbose: boolean; colour: boolean; prefix: 'f' | 't' },
): Record<string, string | undefined> {
  const { made, onChain, status } = deal
  const state = clientStateName(deal)
  const duration = made.endEpoch - made.startEpoch
  const message = deal.silent ?? status?.error ?? ''
  const reason = message !== '' ? message : (status?.dealStatus?.error ?? '')
  return {
    Created: o.verbose ? stamp(made.madeMs) : undefined,
    DealUuid: o.verbose ? made.dealUuid : undefined,
    DealCid: o.verbose ? made.signedProposalCid : shortCid(made.signedProposalCid),
    DealId: `${status?.dealStatus?.chainDealId ?? 0}`,
    Provider: formatAddress(parseAddress(made.provider), o.prefix),
    State: o.colour ? coloured(state) : state,
    'On Chain?': happened(onChain?.state.sectorStartEpoch),
    'Slashed?': happened(onChain?.state.slashEpoch),
    PieceCID: o.verbose ? made.pieceCid : shortCid(made.pieceCid),
    Size: formatSize(BigInt(made.pieceSize)),
    Price: formatFil(totalPrice(attoFilFromText(made.pricePerEpoch ?? '0'), duration)),
    Duration: `${duration}`,
    Verified: `${made.verified ?? false}`,
    Message: reason === '' ? undefined : reason,
  }
}

/** `N`, or `Y (epoch 301)`. The chain says -1 until it happens. */
function happened(epoch: number | undefined): string {
  return epoch === undefined || epoch === -1 ? 'N' : `Y (epoch ${epoch})`
}

/** The name operators know for what a client can see: the provider's checkpoint and the chain. */
export function clientStateName({ made, status, onChain }: ClientDeal): string {
  if (onChain !== undefined && onChain.state.slashEpoch !== -1) return 'StorageDealSlashed'
  if (onChain !== undefined && onChain.state.sectorStartEpoch !== -1) return 'StorageDealActive'
  switch (status?.dealStatus?.status) {
    case undefined:
      return 'StorageDealUnknown'
    case 'Accepted':
      return made.offline ? 'StorageDealWaitingForData' : 'StorageDealTransferring'
    case 'Transferred':
      return 'StorageDealPublish'
    case 'Published':
      return 'StorageDealPublishing'
    case 'PublishConfirmed':
      return 'StorageDealAwaitingPreCommit'
    case 'Complete':
      return status.dealStatus.error === '' ? 'StorageDealExpired' : 'StorageDealError'
    default:
      return 'StorageDealSealing'
  }
}

/** Green, yellow and red, as lotus colours them. */
function coloured(state: string): string {
  const code = state === 'StorageDealActive' ? 32 : state === 'StorageDealExpired' ? 33 : 31
  const plain = ![
    'StorageDealActive',
    'StorageDealExpired',
    'StorageDealError',
    'StorageDealSlashed',
  ].includes(state)
  return plain ? state : `\u001b[${code}m${state}\u001b[0m`
}

/** `client deal-status`: boost's lines, then the two CIDs. Source: filecoin-project/boost cmd/boost/deal_status_cmd.go, as recorded. */
export function dealStatusText({ made, status, silent }: ClientDeal): string {
  const cids = [`  signed proposal cid: ${made.signedProposalCid}`, `  proposal cid: ${made.proposalCid}`, '']
  const own = [`  deal uuid: ${made.dealUuid}`]
  const told =
    status === undefined ? [...own, `  deal status: unknown: ${silent ?? 'no answer'}`] : answerLines(status)
  return ['got deal status response', ...told, ...cids].join('\n')
}

function answerLines(response: DealStatusResponse): string[] {
  const { error, dealUuid, dealStatus } = response
  if (error !== '') return [`  error: ${error}`]
  if (dealStatus === null) return [`  deal uuid: ${dealUuid}`, '  deal status: no status']
  const { label } = dealStatus.proposal
  return [
    `  deal uuid: ${dealUuid}`,
    `  deal status: ${statusMessage(response)}`,
    `  deal label: ${typeof label === 'string' ? label : Buffer.from(label).toString('hex')}`,
    `  publish cid: ${dealStatus.publishCid ?? '<nil>'}`,
    `  chain deal id: ${dealStatus.chainDealId}`,
  ]
}

/** The words boost's client prints for a status. Source: filecoin-project/boost@v2.5.2 cmd/boost/deal_status_cmd.go:157-190. */
export function statusMessage(response: DealStatusResponse): string {
  if (response.error !== '') return `Error: ${response.error}`
  const { dealStatus } = response
  if (dealStatus === null) return 'no status'
  if (dealStatus.error !== '') return `Error: ${dealStatus.error}`
  switch (dealStatus.status) {
    case 'Accepted':
      if (response.isOffline) return 'Awaiting Offline Data Import'
      return transferMessage(response)
    case 'Transferred':
      return 'Ready to Publish'
    case 'Published':
      return 'Awaiting Publish Confirmation'
    case 'PublishConfirmed':
      return 'Adding to Sector'
    case 'AddedPiece':
      return 'Announcing'
    case 'IndexedAndAnnounced':
      return dealStatus.sealingStatus === '' ? 'Sealing' : `Sealing: ${dealStatus.sealingStatus}`
    case 'Complete':
      return 'Complete'
    default:
      return dealStatus.status
  }
}

function transferMessage({ bytesReceived, transferSize }: DealStatusResponse): string {
  if (bytesReceived === 0n) return 'Transfer Queued'
  if (bytesReceived === 100n) return 'Transfer Complete'
  return transferSize === 0n ? 'Transferring' : `Transferring ${(bytesReceived * 100n) / transferSize}%`
}
