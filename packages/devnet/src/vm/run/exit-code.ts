/** Exit codes of receipts. Source: filecoin-project/ref-fvm shared/src/error/mod.rs; market and miner codes: builtin-actors. */
export const exitCode = {
  ok: 0,
  senderInvalid: 1,
  senderStateInvalid: 2,
  invalidReceiver: 5,
  insufficientFundsToSend: 6,
  outOfGas: 7,
  illegalArgument: 16,
  notFound: 17,
  forbidden: 18,
  insufficientFunds: 19,
  illegalState: 20,
  serialization: 21,
  unhandledMessage: 22,
  assertionFailed: 24,
  /** The deal is past its end, or was cleaned up. */
  dealExpired: 32,
  balanceInvariantsBroken: 1000,
  notificationSendFailed: 1001,
  notificationReceiverAborted: 1002,
  notificationResponseInvalid: 1003,
  notificationRejected: 1004,
} as const
