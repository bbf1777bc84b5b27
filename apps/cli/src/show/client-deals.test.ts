import { readFileSync } from 'node:fs'
import { parseAddress, parseCid } from '@sealane/actors'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import { type DealStatusResponse, parseDealUuid } from '@sealane/market'
import { expect, it } from 'vitest'
import type { ClientDeal } from '../client/deal-statuses.js'
import { clientAskText } from './ask-table.js'
import { dealStatusText } from './client-deals.js'

/** What boost's client printed, without the blank line at its end. */
function recordedBoost(name: string): string {
  const url = new URL(`../../test/vectors/boost-cli/4-cli-${name}.json`, import.meta.url)
  const { stdout } = JSON.parse(readFileSync(url, 'utf8')) as { stdout: string }
  return stdout.trimEnd()
}

const publish = parseCid('bafy2bzacebmbv2junz3blqiiuzstzztxv26cej7atkvbmmuomuzhhrrmqg6ke')

/** The provider's answer, as boost sent it at that time. */
const answers: Readonly<
  Record<string, { status: string; sealing?: string; bytes?: bigint; offline?: true }>
> = {
  'deal-status-offline': { status: 'Accepted', offline: true },
  'deal-status-online': { status: 'Accepted', bytes: 0n },
  'watch-01': { status: 'Accepted', bytes: 0n },
  'watch-02': { status: 'Accepted', bytes: 100n },
  'watch-04': { status: 'Transferred' },
  'watch-06': { status: 'IndexedAndAnnounced', sealing: 'PreCommitBatchWait' },
  'watch-08': { status: 'IndexedAndAnnounced', sealing: 'Committing' },
  'watch-12': { status: 'IndexedAndAnnounced', sealing: 'Proving' },
}

function deal(uuid: string, status: DealStatusResponse): ClientDeal {
  const made = { dealUuid: uuid, signedProposalCid: 'bafyrei', proposalCid: 'bafy2' } as ClientDeal['made']
  return { made, status }
}

it.each(Object.entries(answers))('client deal-status prints what boost printed: %s', (name, answer) => {
  const text = recordedBoost(name)
  const [, uuid = ''] = /deal uuid: (\S+)/.exec(text) ?? []
  const [, label = ''] = /deal label: (\S+)/.exec(text) ?? []
  const published = answer.status === 'IndexedAndAnnounced'
  const status: DealStatusResponse = {
    error: '',
    dealUuid: parseDealUuid(uuid),
    isOffline: answer.offline ?? false,
    transferSize: 1000n,
    bytesReceived: answer.bytes ?? 0n,
    dealStatus: {
      error: '',
      status: answer.status,
      sealingStatus: answer.sealing ?? '',
      publishCid: published ? publish : null,
      chainDealId: published ? 15 : 0,
      signedProposalCid: publish,
      proposal: {
        pieceCid: publish,
        pieceSize: paddedSize(2048n),
        verified: false,
        client: parseAddress('t0100'),
        provider: parseAddress('t01000'),
        label,
        startEpoch: epoch(1),
        endEpoch: epoch(2),
        pricePerEpoch: attoFil(0n),
        providerCollateral: attoFil(0n),
        clientCollateral: attoFil(0n),
      } as unknown as NonNullable<DealStatusResponse['dealStatus']>['proposal'],
    },
  }
  expect(dealStatusText(deal(uuid, status))).toBe(
    `${text}\n  signed proposal cid: bafyrei\n  proposal cid: bafy2\n`,
  )
})

it.each(['deal-status-unknown', 'deal-status-wrong-wallet'])(
  'and the provider’s own words when it refuses: %s',
  (name) => {
    const text = recordedBoost(name)
    const [, error = ''] = /error: (.*)/.exec(text) ?? []
    const dealUuid = parseDealUuid('11111111-2222-4333-8444-555555555555')
    const status = {
      error,
      dealUuid,
      isOffline: false,
      transferSize: 0n,
      bytesReceived: 0n,
      dealStatus: null,
    }
    expect(dealStatusText(deal(dealUuid, status)).startsWith(`${text}\n`)).toBe(true)
  },
)

it('client query-ask --size prints what boost printed', () => {
  const ask = {
    miner: parseAddress('t01000'),
    price: attoFil(50_000_000n),
    verifiedPrice: attoFil(5_000_000n),
    minPieceSize: 256n,
    maxPieceSize: 32n * 2n ** 30n,
    timestamp: 1,
    expiry: 2,
    sequence: 3,
  }
  const ours = clientAskText('t01000', ask, { size: paddedSize(2n ** 30n), durationEpochs: 518_400 })
  expect(ours.replace(/^(Expiry|Seq. No.): .*\n/gm, '').trimEnd()).toBe(
    recordedBoost('provider-storage-ask-size'),
  )
})
