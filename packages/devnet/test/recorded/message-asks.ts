import type { Json } from '@sealane/chain'
import type { Ask, World } from './ask.ts'
import { link, strangerCid, strangerKey } from './ask.ts'

/** About messages: sent, pooled, executed. In this order: some prepare what others ask. */
export const messageAsks: Readonly<Record<string, Ask>> = {
  StateCall: (w) => [w.send({ To: w.miner, From: w.worker, Method: 2, Value: '0' }), [w.head]],
  'StateCall--actor-error': (w) => [w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==', Value: '0' }), []],
  'StateCall--no-such-method': (w) => [w.send({ To: w.miner, Method: 9999, Value: '0' }), []],
  'StateCall--unknown-from': (w) => [w.send({ From: strangerKey }), []],
  StateSearchMsg: (w) => [[w.head], w.landed, -1, true],
  'StateSearchMsg--empty-tsk': (w) => [[], w.landed, -1, true],
  'StateSearchMsg--not-found': (w) => [[w.head], link(strangerCid), 100, true],
  'StateSearchMsg--lookback-too-short': (w) => [[w.head], w.landed, 1, true],
  StateWaitMsg: (w) => [w.landed, 2, -1, true],
  'StateWaitMsg--not-found-error': () => [link(strangerCid), 2, -1, true],
  StateReplay: (w) => [[w.full], w.landed],
  'StateReplay--empty-tsk': (w) => [[], w.landed],
  'StateReplay--lookup-tipset-error': (w) => [[w.fullChild], w.landed],
  StateListMessages: (w) => [{ To: w.miner, From: w.worker }, [w.head], w.height],
  'StateListMessages--none': (w) => [{ To: w.client, From: w.worker }, [w.head], 0],
  'StateListMessages--empty-filter-error': (w) => [{}, [w.head], 0],
  GasEstimateMessageGas: (w) => [w.send(), { MaxFee: '100000000000000000' }, [w.head]],
  'GasEstimateMessageGas--null-spec': (w) => [w.send(), null, []],
  'GasEstimateMessageGas--preset-gas-limit': (w) => [w.send({ GasLimit: 5_000_000 }), null, []],
  'GasEstimateMessageGas--unknown-sender': (w) => [w.send({ From: strangerKey }), null, []],
  'GasEstimateMessageGas--no-such-method': (w) => [w.send({ To: w.miner, Method: 9999 }), null, []],
  'GasEstimateMessageGas--not-enough-funds': (w) => [
    w.send({ Value: '1000000000000000000000000000' }),
    null,
    [],
  ],
  'GasEstimateMessageGas--exec-failure-error': (w) => [
    w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==' }),
    null,
    [],
  ],
  'GasEstimateGasLimit--exec-failure-error': (w) => [
    w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==' }),
    [],
  ],
  GasEstimateGasLimit: (w) => [w.send(), []],
  GasEstimateFeeCap: (w) => [w.send({ GasPremium: '100000' }), 20, []],
  GasEstimateGasPremium: (w) => [10, w.client, 1_000_000, []],
  'GasEstimateGasPremium--2': (w) => [2, w.client, 1_000_000, []],
  MpoolGetNonce: (w) => [w.client],
  'MpoolGetNonce--id-address': (w) => [w.workerId],
  'MpoolGetNonce--never-seen': () => [strangerKey],
  MpoolGetConfig: () => [],
  'MpoolPending--some': () => [[]],
  'MpoolSelect--some': (w) => [[w.head], 0.8],
  MpoolPush: async (w) => [await w.signed({ Nonce: 0 }, 500)],
  'MpoolPush--nonce-gap-too-big': async (w) => [await w.signed({}, 600)],
  'MpoolPush--bad-signature-error': async (w) => [
    swapSignature(await w.signed(), await w.signed({ Value: '7' })),
  ],
  'MpoolPush--tampered-error': async (w) => [
    swapSignature(await w.signed({ Value: '8' }), await w.signed({ Value: '9' })),
  ],
  'MpoolPush--wrong-signature-type-error': async (w) => [retyped(await w.signed())],
  'MpoolPush--fee-cap-99-error': async (w) => [await w.signed({ GasFeeCap: '99', GasPremium: '99' })],
  'MpoolPush--gas-limit-too-high-error': async (w) => [await w.signed({ GasLimit: 10_000_000_001 })],
  'MpoolPush--gas-limit-too-low-error': async (w) => [await w.signed({ GasLimit: 1000 })],
  'MpoolPush--gas-limit-zero-error': async (w) => [await w.signed({ GasLimit: 0 })],
  'MpoolPush--premium-over-cap-error': async (w) => [
    await w.signed({ GasFeeCap: '200000', GasPremium: '200001' }),
  ],
  'MpoolPush--nonce-too-low-error': async (w) => [await w.signed({}, -1)],
  'MpoolPush--not-enough-funds-error': async (w) => [
    await w.signed({ GasFeeCap: '1000000000000000', GasLimit: 2_000_000 }),
  ],
  'MpoolPush--missing-message-error': () => [{ Signature: { Type: 1, Data: 'AAAA' } }],
  'MpoolPush--value-as-number-error': async (w) => [valueAsNumber(await w.signed())],
  'MpoolPush--rbf-too-low-error': async (w) => [await w.signed({ GasPremium: '210000' }, 400)],
  'MpoolPush--rbf-same-premium-error': async (w) => [await w.signed({ Value: '77' }, 400)],
  'MpoolPush--rbf-ok': async (w) => [await w.signed({ GasPremium: '220001' }, 400)],
  MpoolBatchPush: async (w) => [[await w.signed({}, 700), await w.signed({}, 701)]],
  'MpoolBatchPush--second-bad-error': async (w) => [[await w.signed({}, 702), await w.signed({}, -1)]],
  MpoolPushMessage: (w) => [w.send(), null],
  MpoolBatchPushMessage: (w) => [[w.send(), w.send()], null],
  'MpoolPushMessage--nonce-set-error': (w) => [w.send({ Nonce: 5 }), null],
  'MpoolPushMessage--no-key-error': (w) => [w.send({ From: strangerKey }), null],
  'MpoolPushMessage--from-miner-error': (w) => [w.send({ From: w.miner }), null],
  'MpoolPushMessage--exec-failure-error': (w) => [
    w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==' }),
    null,
  ],
  'MpoolPushMessage--not-enough-funds-error': (w) => [w.send({ Value: '1000000000000000000000000' }), null],
  'MpoolPushMessage--actor-not-found-to': (w) => [w.send({ To: 't0999999' }), null],
  'MpoolPushMessage--spec-uuid': (w) => [
    w.send(),
    { MaxFee: '0', MsgUuid: '11111111-2222-4333-8444-555555555555' },
  ],
  'GasEstimateMessageGas--bad-cbor': (w) => [w.send({ To: w.miner, Method: 16, Params: '/w==' }), null, []],
  'GasEstimateMessageGas--exec-failure-illegal-arg': (w) => [w.send(), null, []],
  'StateCall--bad-params': (w) => [
    w.send({ To: w.miner, From: w.worker, Method: 16, Params: '/w==', Value: '0' }),
    [w.head],
  ],
  'StateSearchMsg--v0': (w) => [w.landed],
  'StateWaitMsg--v0': (w) => [w.landed, 2],
  MpoolCheckMessages: async (w) => [[{ Message: w.send(await feesOf(w)), ValidNonce: true }]],
  MpoolCheckPendingMessages: (w) => [w.client],
  'MpoolGetNonce--after-partial-batch': (w) => [w.client],
  'MpoolPending--bls-and-secp': () => [[]],
  'MpoolPending--gap': () => [[]],
  'MpoolPending--maybe-empty': () => [[]],
  'MpoolPending--several': () => [[]],
  'MpoolPending--with-tsk': (w) => [[w.head]],
  MpoolSelect: (w) => [[w.head], 0.8],
  'MpoolSelect--empty-tsk': () => [[], 0.8],
  'MpoolPush--cid-field-mismatch': async (w) => [wrongCid(await w.signed({}, 610))],
  'MpoolPush--fee-cap-too-low-error': async (w) => [await w.signed({ GasFeeCap: '50', GasPremium: '10' })],
  'MpoolPush--nonce-gap': async (w) => [await w.signed({}, 620)],
  'MpoolPush--nonce-too-low-old-error': async (w) => [await w.signed({}, -1)],
  'MpoolPush--same-nonce-still-in-mpool-error': async (w) => [await w.signed({ Value: '1001' }, 400)],
  'MpoolPushMessage--low-maxfee': (w) => [w.send(), { MaxFee: '1000' }],
  'MpoolPushMessage--spec-uuid-again': (w) => [
    w.send({ Value: '7' }),
    { MaxFee: '0', MsgUuid: '11111111-2222-4333-8444-555555555555' },
  ],
  'MpoolPushMessage--to-bls-f3-from': (w) => [w.send({ From: w.worker, To: w.owner }), null],
  MpoolClear: () => [true],
  'MpoolPending--empty': () => [[]],
}

const swapSignature = (signed: Json, other: Json): Json => ({
  ...(signed as object),
  Signature: (other as { Signature: Json }).Signature,
})
const retyped = (signed: Json): Json => ({
  ...(signed as object),
  Signature: { ...(signed as { Signature: object }).Signature, Type: 2 },
})
const valueAsNumber = (signed: Json): Json => ({
  ...(signed as object),
  Message: { ...(signed as { Message: object }).Message, Value: 1000 },
})
const wrongCid = (signed: Json): Json => ({
  ...(signed as object),
  Message: { ...(signed as { Message: object }).Message, CID: link(strangerCid) },
  CID: link(strangerCid),
})
const feesOf = async (w: World) => {
  const { Message } = (await w.signed()) as { readonly Message: { readonly [key: string]: Json } }
  const { Nonce = null, GasLimit = null, GasFeeCap = null, GasPremium = null } = Message
  return { Nonce, GasLimit, GasFeeCap, GasPremium }
}
