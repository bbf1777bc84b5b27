import { base16, bytesOf, CborError, type Codec, mapped } from '@sealane/actors'

declare const dealUuidBrand: unique symbol

/** A deal's uuid in its canonical text: lower-case hex in groups of 8-4-4-4-12. */
export type DealUuid = string & { readonly [dealUuidBrand]: true }

const canonical = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Reads a uuid in either case. Any 16 bytes will do: clients do not all send version 4. @throws CborError `INVALID_VALUE` */
export function parseDealUuid(text: string): DealUuid {
  const lower = text.toLowerCase()
  if (!isDealUuid(lower)) throw new CborError('INVALID_VALUE', `invalid UUID ${JSON.stringify(text)}`)
  return lower
}

/** The 16 bytes: what a status request signs. */
export function dealUuidBytes(uuid: DealUuid): Uint8Array {
  return base16.decode(uuid.replaceAll('-', ''))
}

/** The text of 16 bytes. */
export function dealUuidFromBytes(bytes: Uint8Array): DealUuid {
  const hex = base16.encode(bytes)
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return parseDealUuid(groups.join('-'))
}

/** A uuid as a 16-byte string. */
export const dealUuid: Codec<DealUuid> = mapped(bytesOf(16), dealUuidFromBytes, dealUuidBytes)

function isDealUuid(text: string): text is DealUuid {
  return canonical.test(text)
}
