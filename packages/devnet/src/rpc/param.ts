import { AddressError } from '@sealane/actors'
import { type Json, shapes, WireError } from '@sealane/chain'

/** One parameter of a method: how Go names its type in errors, and how it is read. */
export interface Param<T> {
  readonly goType: string
  read(json: Json): T
}

function param<T>(goType: string, read: (json: Json) => T): Param<T> {
  return { goType, read }
}

/** Go's words for a JSON value that is not of the wanted type. */
export class GoJsonError extends Error {}

function kindOf(json: Json): string {
  if (json === null) return 'null'
  if (Array.isArray(json)) return 'array'
  return typeof json === 'bigint' ? 'number' : typeof json === 'boolean' ? 'bool' : typeof json
}

function cannot(json: Json, goType: string): GoJsonError {
  return new GoJsonError(`json: cannot unmarshal ${kindOf(json)} into Go value of type ${goType}`)
}

function number(goType: string): Param<number> {
  return param(`*${goType}`, (json) => {
    if (json === null) return 0
    if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw cannot(json, goType)
    return json
  })
}

function shaped<T>(goType: string, shape: { read(json: Json, at: string): T }): Param<T> {
  return param(goType, (json) => shape.read(json, 'params'))
}

const cid: Param<ReturnType<typeof shapes.cid.read>> = param('*cid.Cid', (json) => {
  if (typeof json === 'string') {
    throw new GoJsonError(
      'invalid cid: json: cannot unmarshal string into Go value of type struct { CidTarget string "json:\\"/\\"" }',
    )
  }
  try {
    return shapes.cid.read(json, 'params')
  } catch {
    throw new GoJsonError('invalid cid: invalid cid: selected encoding not supported')
  }
})

/** Kinds of parameters, by what they are. */
export const params = {
  address: param('*address.Address', (json) => {
    if (typeof json !== 'string') throw cannot(json, 'string')
    try {
      return shapes.address.read(json, 'params')
    } catch (cause) {
      throw cause instanceof WireError && cause.cause instanceof AddressError ? cause.cause : cause
    }
  }),
  cid,
  tipSetKey: param('*types.TipSetKey', (json) =>
    json === null ? [] : shapes.list(cidShape).read(json, 'params'),
  ),
  epoch: number('abi.ChainEpoch'),
  int: number('int64'),
  uint: number('uint64'),
  sectorNumber: number('abi.SectorNumber'),
  dealId: number('abi.DealID'),
  methodNumber: number('abi.MethodNum'),
  sectorSize: param('*abi.SectorSize', (json) => shapes.wholeBig.read(json, 'params')),
  paddedSize: param('*abi.PaddedPieceSize', (json) => shapes.wholeBig.read(json, 'params')),
  tag: number('crypto.DomainSeparationTag'),
  networkVersion: number('network.Version'),
  quality: param('*float64', (json) => {
    if (typeof json !== 'number') throw cannot(json, 'float64')
    return json
  }),
  flag: param('*bool', (json) => {
    if (json === null) return false
    if (typeof json !== 'boolean') throw cannot(json, 'bool')
    return json
  }),
  text: param('*string', (json) => {
    if (json === null) return ''
    if (typeof json !== 'string') throw cannot(json, 'string')
    return json
  }),
  texts: param('*[]string', (json) => shapes.list(shapes.text).read(json, 'params')),
  bytes: param('*[]uint8', (json) => shapes.base64.read(json, 'params')),
  bigInt: shaped('*big.Int', shapes.decimal),
  message: param('**types.Message', (json) => shapes.message.read(goFields(json, 'Message'), 'params')),
  messages: param('*[]*types.Message', (json) =>
    asList(json).map((one) => shapes.message.read(goFields(one, 'Message'), 'params')),
  ),
  messagePrototypes: param('*[]*api.MessagePrototype', (json) =>
    asList(json).map((one) => {
      const { Message = null, ValidNonce } = (one ?? {}) as { readonly [key: string]: Json | undefined }
      return {
        message: shapes.message.read(goFields(Message, 'MessagePrototype.Message'), 'params'),
        validNonce: ValidNonce === true,
      }
    }),
  ),
  signedMessage: param('**types.SignedMessage', (json) => readSigned(json)),
  signedMessages: param('*[]*types.SignedMessage', (json) => asList(json).map(readSigned)),
  signature: shaped('**crypto.Signature', shapes.signature),
  sendSpec: param('**api.MessageSendSpec', (json) => readSpec(json)),
  bits: param('**bitfield.BitField', (json) =>
    json === null ? undefined : shapes.bits.read(json, 'params'),
  ),
  preCommitInfo: param('*miner.SectorPreCommitInfo', (json) => shapes.preCommitInfo.read(json, 'params')),
  mempoolConfig: shaped('**types.MpoolConfig', shapes.mempoolConfig),
  /** Anything, read by the method itself. */
  json: param('*json.RawMessage', (json: Json) => json),
} as const

const cidShape = { read: (json: Json) => cid.read(json), write: () => null }

export interface ReadSpec {
  readonly maxFee: bigint
  readonly uuid?: string
  readonly maximizeFeeCap: boolean
}

/** A UUID that Go leaves empty. */
const noUuid = '00000000-0000-0000-0000-000000000000'

function readSpec(json: Json): ReadSpec | undefined {
  if (json === null) return undefined
  if (typeof json !== 'object' || Array.isArray(json)) throw cannot(json, 'api.MessageSendSpec')
  const { MaxFee, MsgUuid, MaximizeFeeCap } = json as { readonly [key: string]: Json | undefined }
  const uuid = typeof MsgUuid === 'string' && MsgUuid !== noUuid ? MsgUuid : undefined
  return {
    maxFee: shapes.decimal.read(MaxFee ?? null, 'params'),
    maximizeFeeCap: MaximizeFeeCap === true,
    ...(uuid === undefined ? {} : { uuid }),
  }
}

function readSigned(json: Json) {
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw cannot(json, 'types.SignedMessage')
  const { Message } = json as { readonly Message?: Json }
  return shapes.signedMessage.read(
    { ...json, Message: goFields(Message ?? null, 'Message.Message') },
    'params',
  )
}

const bigIntFields = ['Value', 'GasFeeCap', 'GasPremium'] as const

/** Go leaves absent fields at zero, and refuses big ints that are not strings. */
function goFields(json: Json, at: string): Json {
  if (json === null) return goFields({}, at)
  if (typeof json !== 'object' || Array.isArray(json)) throw cannot(json, 'types.Message')
  const given = json as { readonly [key: string]: Json | undefined }
  for (const name of bigIntFields) {
    const value = given[name]
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw new GoJsonError(
        `json: cannot unmarshal ${kindOf(value)} into Go struct field ${at}.${name} of type string`,
      )
    }
  }
  return {
    Version: 0,
    Nonce: 0,
    GasLimit: 0,
    Method: 0,
    ...given,
    To: given.To ?? '<empty>',
    From: given.From ?? '<empty>',
  }
}

function asList(json: Json): readonly Json[] {
  if (json === null) return []
  if (!Array.isArray(json)) throw cannot(json, '[]*types.Message')
  return json as readonly Json[]
}
