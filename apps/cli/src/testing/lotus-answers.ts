// Answers in the shape of Lotus' RPC, for tests that need one whole but look at little of it.

/** StateMinerInfo of t01000. */
export const minerInfo = {
  Owner: 't0100',
  Worker: 't0100',
  NewWorker: '<empty>',
  ControlAddresses: ['t01004'],
  WorkerChangeEpoch: -1,
  PeerId: '12D3KooWBuqSUwvgxVCJB8wgHiqA9LTvMi9GP2j8Ha38APd1JtMd',
  Multiaddrs: ['BH8AAAEGBTo='],
  WindowPoStProofType: 10,
  SectorSize: 2048,
  WindowPoStPartitionSectors: 2,
  ConsensusFaultElapsed: -1,
  PendingOwnerAddress: null,
  Beneficiary: 't0100',
  BeneficiaryTerm: { Quota: '0', UsedQuota: '0', Expiration: 0 },
  PendingBeneficiaryTerm: null,
}

/** One sector of StateMinerSectors; `facts` are fields under lotus' names. */
export function lotusSector(facts: { readonly SectorNumber: number; readonly [field: string]: unknown }) {
  return {
    SealProof: 5,
    SealedCID: { '/': 'bagboea4b5abcbj2htqboixjlhmu4uwzxycwrihmmu4jgslvijt4vd2mhnzm6smto' },
    Activation: 1,
    Expiration: 1_000_000,
    DealWeight: '0',
    VerifiedDealWeight: '0',
    InitialPledge: '1',
    ExpectedDayReward: null,
    ExpectedStoragePledge: null,
    PowerBaseEpoch: 1,
    ReplacedDayReward: null,
    SectorKeyCID: null,
    Flags: 1,
    DailyFee: '1',
    ...facts,
  }
}
