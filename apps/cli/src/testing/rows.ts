import type { DealRow, MessageRow, SectorRow } from '@sealane/proto'
import { recordedNowMs } from './run-command.js'

/** The deal of the operator notes' `storage-deals list`: 112000 attoFIL an epoch for 801900 epochs. */
export function notesDeal(o: Partial<DealRow> = {}): DealRow {
  return {
    dealUuid: '6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11',
    proposalCid: 'bafy2bzacebubn67ganpbblrsnypgz6q37sledk5g3ibqs67d4hzqyj4s7ltv2',
    signedProposalCid: 'bafyreifofhgup4nl754t6lcfkbk6gx5mvrxkcdfq6ckk7o4hozyu3bdena',
    state: 'Publishing',
    stateSinceMs: recordedNowMs - 192_000,
    waiting: null,
    failure: null,
    client: 't3svrxqfeoizhp3s3ui32xcacfmssthsazpgn2o4c2qjw4cchmcgn44wc3prqlpq4v4jw4ey2hxzxng2dkvana',
    provider: 't01000',
    pieceCid: 'baga6ea4seaqjr534a5wpionyolbyct2qhu3dwd3hdeetw7vm3gwd6hr6bkim2ba',
    pieceSize: '32768',
    transferSize: '30000',
    receivedBytes: '30000',
    offline: false,
    verified: false,
    startEpoch: 10_000,
    endEpoch: 811_900,
    pricePerEpoch: '112000',
    label: '',
    createdMs: recordedNowMs - 600_000,
    publishCid: null,
    dealId: null,
    sectorNumber: null,
    sectorState: null,
    preCommitCid: null,
    proveCommitCid: null,
    windowPostCid: null,
    activeEpoch: null,
    provenEpoch: null,
    ...o,
  }
}

/** A committed-capacity sector that is proven. */
export function provenSector(o: Partial<SectorRow> = {}): SectorRow {
  return {
    sectorNumber: 0,
    state: 'Proving',
    stateSinceMs: recordedNowMs - 60_000,
    turn: 12,
    waiting: null,
    failure: null,
    committedCapacity: true,
    prover: 'real',
    pieces: [],
    storageId: 'c83dcee2-9bc7-4375-a72a-d4d4b9d88922',
    ticketEpoch: -730,
    ticket: null,
    seedEpoch: 182,
    seed: null,
    commD: null,
    commR: null,
    preCommitCid: null,
    preCommitEpoch: null,
    proveCommitCid: null,
    activationEpoch: 301,
    expiration: 1_552_490,
    deadline: 1,
    partition: 0,
    provenEpoch: null,
    windowPostCid: null,
    progress: null,
    ...o,
  }
}

/** A message that is on its way. */
export function pushedMessage(o: Partial<MessageRow> = {}): MessageRow {
  return {
    uuid: '0b0f4ad0-7c4a-4a39-9d0e-4e9c1e3ef0a1',
    requestId: 'top-up-1',
    class: 'market',
    state: 'Pushed',
    stateSinceMs: recordedNowMs - 5_000,
    waiting: { for: 'a block to take it', who: 'chain', sinceMs: recordedNowMs - 5_000, untilEpoch: null },
    failure: null,
    from: 't3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq',
    to: 't05',
    nonce: 14,
    value: '5000000000000000000',
    method: 2,
    methodName: 'AddBalance',
    cid: 'bafy2bzacealgjgwzmi2gqy5ynvwegjenrvrv7hisuvpbkdxhdjrxdgvdf6whe',
    gasFeeCap: '101480',
    gasPremium: '100426',
    gasLimit: 15_371_060,
    includedEpoch: null,
    exitCode: null,
    reason: 'escrow for deals',
    ...o,
  }
}
