import {
  bytes,
  type Cid,
  cid,
  dagCborCid,
  int,
  nullable,
  type SignedMessage,
  signedMessageCid,
  tuple,
} from '@sealane/actors'
import type { MessageReceipt } from '@sealane/chain'
import { amt, type IpldObject } from './amt.js'

const messageMeta = tuple({ bls: cid, secp: cid })

export function isBls(signed: SignedMessage): boolean {
  return signed.signature.type === 2
}

/** What a header's `Messages` points at, first, and all beneath it but the messages themselves. */
export function messageObjects(messages: readonly SignedMessage[]): [IpldObject, ...IpldObject[]] {
  const links = (some: readonly SignedMessage[]) =>
    amt(some.map((signed) => cid.encode(signedMessageCid(signed))))
  const bls = links(messages.filter(isBls))
  const secp = links(messages.filter((signed) => !isBls(signed)))
  const encoded = messageMeta.encode({ bls: rootOf(bls), secp: rootOf(secp) })
  return [{ cid: dagCborCid(encoded), bytes: encoded }, ...bls, ...secp]
}

const receipt = tuple({ exitCode: int, return: bytes, gasUsed: int, eventsRoot: nullable(cid) })

/** What the child header's `ParentMessageReceipts` points at, first, and all beneath it. */
export function receiptObjects(receipts: readonly MessageReceipt[]): [IpldObject, ...IpldObject[]] {
  const [root, ...inner] = amt(
    receipts.map(({ eventsRoot = null, ...rest }) => receipt.encode({ ...rest, eventsRoot })),
  )
  if (root === undefined) throw new TypeError('an AMT has a root')
  return [root, ...inner]
}

function rootOf(objects: readonly IpldObject[]): Cid {
  const [root] = objects
  if (root === undefined) throw new TypeError('an AMT has a root')
  return root.cid
}
