/** What a message is for. The class decides who sends it, in which order, to whom, and how much it may cost. */
export type MessageClass =
  | 'windowPost'
  | 'recoveries'
  | 'faults'
  | 'gapFill'
  | 'proveCommit'
  | 'preCommit'
  | 'publish'
  | 'marketAdd'
  | 'marketWithdraw'
  | 'createMiner'
  | 'control'
  | 'minerInfo'
  | 'fund'

/** Names of the keys this app signs with. */
export type KeyRole = 'owner' | 'worker' | 'control-post'

/** A receiver as policy means it: our own miner actor, a builtin actor, the sender itself, or an address that may be funded. */
export type Receiver = 'miner' | 'power' | 'market' | 'self' | 'funded'

export interface ClassRule {
  /** Lower goes first. */
  readonly priority: number
  readonly sender: KeyRole
  readonly receiver: Receiver
  readonly methods: readonly number[]
  /** Epochs after execution at which its receipt is believed; from the network's policy. */
  readonly confidence: 'landing' | 'publish'
}

/**
 * The allow-list: no other (class, receiver, method) is ever signed.
 * Order: WindowPoSt > DeclareFaultsRecovered > ProveCommit > PreCommit > Publish > others. A gap filler goes before
 * what it unblocks. Method numbers: builtin actors v18 (network version 28).
 */
export const classRules: Readonly<Record<MessageClass, ClassRule>> = {
  windowPost: { priority: 0, sender: 'control-post', receiver: 'miner', methods: [5], confidence: 'landing' },
  recoveries: {
    priority: 1,
    sender: 'control-post',
    receiver: 'miner',
    methods: [11],
    confidence: 'landing',
  },
  faults: { priority: 1, sender: 'control-post', receiver: 'miner', methods: [10], confidence: 'landing' },
  gapFill: { priority: 2, sender: 'worker', receiver: 'self', methods: [0], confidence: 'landing' },
  proveCommit: { priority: 3, sender: 'worker', receiver: 'miner', methods: [34], confidence: 'landing' },
  preCommit: { priority: 4, sender: 'worker', receiver: 'miner', methods: [28], confidence: 'landing' },
  publish: { priority: 5, sender: 'worker', receiver: 'market', methods: [4], confidence: 'publish' },
  marketAdd: { priority: 6, sender: 'worker', receiver: 'market', methods: [2], confidence: 'landing' },
  marketWithdraw: { priority: 6, sender: 'worker', receiver: 'market', methods: [3], confidence: 'landing' },
  createMiner: { priority: 6, sender: 'owner', receiver: 'power', methods: [2], confidence: 'landing' },
  control: { priority: 6, sender: 'owner', receiver: 'miner', methods: [3], confidence: 'landing' },
  minerInfo: { priority: 6, sender: 'worker', receiver: 'miner', methods: [4, 18], confidence: 'landing' },
  fund: { priority: 6, sender: 'owner', receiver: 'funded', methods: [0], confidence: 'landing' },
}

export function isMessageClass(text: string): text is MessageClass {
  return text in classRules
}
