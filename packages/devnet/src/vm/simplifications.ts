/** What this chain does otherwise than mainnet at network version 28, for whoever asks (`devnet info`). */
export const simplifications: readonly string[] = [
  'every WindowPoSt is verified when it is sent and refused when invalid (stricter: mainnet checks most only in disputes)',
  'precommits that list deal ids are refused (stricter: mainnet takes them, but never lets their sectors be proven)',
  'aggregate, synthetic and non-interactive PoRep proofs are not accepted',
  'no TerminateSectors, ExtendSectorExpiration2, ProveReplicaUpdates3, CompactPartitions or consensus fault reports',
  'nobody holds datacap: verified deals are dropped and claims of allocations fail',
  'gas is a fixed table per method, from recorded receipts; base fee, burn and tip follow the real rules',
  'reward, smoothed power, baseline and circulating supply are frozen at a recorded epoch; no block rewards are paid',
  'challenge delay (10 epochs) and minimum power (2 KiB) are those of 2k networks',
  'the state is a tree of our own: state roots and actor heads are CIDs of its text',
]
