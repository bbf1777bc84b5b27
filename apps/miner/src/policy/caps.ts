import type { AttoFil } from '@sealane/fil-units'
import type { MessageClass } from './message-class.js'

/** Most that one message of a class, and all of a day (UTC), may cost. */
export interface ClassCap {
  /** gas limit × fee cap of one message, attoFIL. */
  readonly maxFee: AttoFil
  /** Value of one message, attoFIL. */
  readonly maxValue: AttoFil
  /** Sum of values signed in one UTC day, attoFIL. */
  readonly dailyValue: AttoFil
  /** Sum of gas limit × fee cap signed in one UTC day, attoFIL; undefined = no cap (a WindowPoSt is never too dear). */
  readonly dailyFee: AttoFil | undefined
}

export type ClassCaps = Readonly<Record<MessageClass, ClassCap>>

/** What the worker key signs for clients to read: least price per GiB and epoch (attoFIL), and how many asks in a UTC day. */
export interface AskCaps {
  readonly minPricePerGib: AttoFil
  readonly daily: bigint
}

/** What a day of deals may bind: provider collateral (attoFIL) and padded bytes, in all and for each client. */
export interface DealCaps {
  readonly collateral: AttoFil
  readonly bytes: bigint
  readonly clientCollateral: AttoFil
  readonly clientBytes: bigint
}
