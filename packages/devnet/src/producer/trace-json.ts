import { formatAddress, isDefined } from '@sealane/actors'
import type { Trace } from '../vm/index.js'

/** An execution trace as lotus prints it, without the gas charges, which a fixed gas table does not have. */
export interface TraceJson {
  readonly Msg: {
    readonly From: string
    readonly To: string
    readonly Value: string
    readonly Method: number
    readonly Params: string | null
    readonly ParamsCodec: number
    readonly GasLimit: number
    readonly ReadOnly: boolean
  }
  readonly MsgRct: { readonly ExitCode: number; readonly Return: string | null; readonly ReturnCodec: number }
  readonly InvokedActor: null
  readonly GasCharges: readonly never[]
  readonly Subcalls: readonly TraceJson[] | null
  readonly IpldOps: readonly never[]
}

/** Codec of parameters and returns: CBOR, or none. Source: multicodec table (cbor 0x51). */
const cborCodec = 0x51

export function traceJson(trace: Trace): TraceJson {
  return {
    Msg: {
      From: printed(trace.from),
      To: printed(trace.to),
      Value: trace.value.toString(),
      Method: trace.method,
      Params: base64OrNull(trace.params),
      ParamsCodec: trace.params.length === 0 ? 0 : cborCodec,
      GasLimit: 0,
      ReadOnly: false,
    },
    MsgRct: {
      ExitCode: trace.exitCode,
      Return: base64OrNull(trace.return),
      ReturnCodec: trace.return.length === 0 ? 0 : cborCodec,
    },
    InvokedActor: null,
    GasCharges: [],
    Subcalls: trace.subcalls.length === 0 ? null : trace.subcalls.map(traceJson),
    IpldOps: [],
  }
}

function printed(address: Trace['from']): string {
  return isDefined(address) ? formatAddress(address, 't') : address
}

function base64OrNull(bytes: Uint8Array): string | null {
  return bytes.length === 0 ? null : Buffer.from(bytes).toString('base64')
}
