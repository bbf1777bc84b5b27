/** Recorded methods that the devnet does not serve: it must answer lotus' own "method not found". Method → why not. */
export const notServed: Readonly<Record<string, string>> = {
  ChainGetEvents: 'the chain has no events (off by default in lotus too)',
  ChainGetNode: 'a tool for people; no program of a storage provider asks it',
  ChainGetTipSetFinalityStatus: 'the recorded node had no such method either',
  ChainStatObj: 'a tool for people; no program of a storage provider asks it',
  GetActorEventsRaw: 'the chain has no events (off by default in lotus too)',
  ID: 'the devnet has no libp2p host',
  MarketAddBalance: 'escrow of wallets in the node: the miner sends these messages itself',
  MarketGetReserved: 'escrow of wallets in the node: the miner sends these messages itself',
  MarketReleaseFunds: 'escrow of wallets in the node: the miner sends these messages itself',
  MarketReserveFunds: 'escrow of wallets in the node: the miner sends these messages itself',
  MarketWithdraw: 'escrow of wallets in the node: the miner sends these messages itself',
  NetAddrsListen: 'the devnet has no libp2p host',
  NetAutoNatStatus: 'the devnet has no libp2p host',
  NetBandwidthStats: 'the devnet has no libp2p host',
  NetPubsubScores: 'the devnet has no libp2p host',
  StateAllMinerFaults: 'lotus itself answers "fixme"',
  StateDecodeParams: 'a tool for people; our programs decode parameters themselves',
  StateEncodeParams: 'a tool for people; our programs encode parameters themselves',
  StateGetAllClaims: 'nobody holds datacap on this chain',
  StateMarketParticipants: 'a tool for people; no program of a storage provider asks it',
  SyncCheckBad: 'a single producer has no bad blocks',
  SyncValidateTipset: 'a single producer has no bad blocks',
}

const noDatacap = 'nobody holds datacap on this chain, so there is none to show'

/** Recordings of served methods that cannot come about on this chain. Name → why not. */
export const notComparable: Readonly<Record<string, string>> = {
  'MpoolPushMessage--from-burnt-funds-panic': 'a crash of the recorded lotus (nil pointer), not a rule',
  StateGetAllocation: noDatacap,
  StateGetAllocationForPendingDeal: noDatacap,
  StateGetAllocationIdForPendingDeal: noDatacap,
  StateGetAllocations: noDatacap,
  StateGetClaim: noDatacap,
  StateGetClaims: noDatacap,
  StateVerifiedClientStatus: noDatacap,
  'WalletNew--delegated': 'no Ethereum accounts (f4) on this chain',
}
