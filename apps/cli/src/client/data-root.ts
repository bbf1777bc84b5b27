import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { blake2b } from '@noble/hashes/blake2.js'
import { type Cid, makeCid, multicodec, multihash } from '@sealane/actors'

/** Files up to this are their own CID. Unit: bytes. Source: filecoin-project/lotus@v0.5.0 cli/client.go:352-354 (InlineBuilder). */
const inlineLimitBytes = 126

/**
 * What `client import` calls a file: the raw CID of its bytes, inlined when they are few. Equal to lotus' root for files of one chunk
 * (1 MiB); beyond that lotus builds a tree, which raw deals have no use for.
 */
export async function dataRoot(path: string, sizeBytes: number): Promise<Cid> {
  if (sizeBytes <= inlineLimitBytes) return makeCid(multicodec.raw, multihash.identity, await readFile(path))
  const hash = blake2b.create({ dkLen: 32 })
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return makeCid(multicodec.raw, multihash.blake2b256, hash.digest())
}
