import { array, bytes, type Cid, type Codec, cid, codec, dagCborCid, tuple, uint } from '@sealane/actors'

/** An IPLD object: its CID and its bytes. */
export interface IpldObject {
  readonly cid: Cid
  readonly bytes: Uint8Array
}

/** Children of a node. Source: filecoin-project/go-amt-ipld v2 (width 8, fixed). */
const width = 8

/** CBOR that is there already. */
const raw: Codec<Uint8Array> = codec({
  write: (writer, value) => writer.push(value),
  read: () => {
    throw new TypeError('raw items are only written')
  },
  zero: () => new Uint8Array(),
})

const node = tuple({ present: bytes, links: array(cid), values: array(raw) })
const root = tuple({ height: uint, count: uint, node })

/**
 * The array mapped trie of a dense list, as blocks carry their messages and receipts: the root first, then every inner
 * node. Each value is its own CBOR. Source: filecoin-project/go-amt-ipld v2.
 */
export function amt(values: readonly Uint8Array[]): IpldObject[] {
  const inner: IpldObject[] = []
  let height = 0
  let level: { present: Uint8Array; links: Cid[]; values: Uint8Array[] }[] = chunks(values).map((chunk) => ({
    present: present(chunk.length),
    links: [],
    values: chunk,
  }))
  while (level.length > 1) {
    height++
    const links = level.map((child) => {
      const object = objectOf(node.encode(child))
      inner.push(object)
      return object.cid
    })
    level = chunks(links).map((chunk) => ({ present: present(chunk.length), links: chunk, values: [] }))
  }
  const top = level[0] ?? { present: present(0), links: [], values: [] }
  return [objectOf(root.encode({ height, count: values.length, node: top })), ...inner]
}

function objectOf(encoded: Uint8Array): IpldObject {
  return { cid: dagCborCid(encoded), bytes: encoded }
}

function chunks<T>(items: readonly T[]): T[][] {
  const groups: T[][] = []
  for (let at = 0; at < items.length; at += width) groups.push(items.slice(at, at + width))
  return groups
}

function present(count: number): Uint8Array {
  return Uint8Array.of((1 << count) - 1)
}
