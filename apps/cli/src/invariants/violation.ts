/** The promises of this page, as the reliability reference numbers them; `settled` is asked for by --settled only. */
export const promises = {
  P1: 'no acknowledged deal is lost',
  P2: 'no nonce is signed with two contents',
  P3: 'no sector number is used again',
  P4: 'each on-chain step takes effect once',
  P5: 'deal-concurrent is never exceeded',
  P7: 'nothing is deleted, only moved',
  settled: 'all is proven, nothing is left to do',
} as const

export type Promised = keyof typeof promises

/** One promise broken, with the rows that show it. */
export interface Violation {
  readonly promise: Promised
  /** Names the rule in one word or two, for counting and for tests. */
  readonly rule: string
  /** One line for a person. */
  readonly text: string
  readonly rows: readonly object[]
}

/** A room's rules report through this. */
export type Report = (rule: string, text: string, ...rows: readonly object[]) => void
