import type { WireFailure } from '../grpc/remote-error.js'

/** Every method is POST /v1/<method>; the body is the parameters, the answer one of these. */
export type OperatorAnswer = { readonly result: unknown } | { readonly failure: WireFailure }

/** JSON of the house: bigint as decimal string, bytes as base64. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return item.toString()
    return item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item
  })
}
