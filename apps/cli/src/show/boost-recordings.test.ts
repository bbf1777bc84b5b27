import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const oneCid =
  'lotus’ "client deal" prints one CID, as the notes show it; the uuid follows on the error stream'
const ownJson = '--json is our own document: the whole answer of the provider, not a selection'
const uuidOrCid = 'our deal is named by its uuid or a part of any of its CIDs: what names none is said so'
const noAnswer =
  'a provider that closes without an answer is asked again, and then for the deal: ours says that, and its uuid'
const ownFlags =
  'a flag of boost’s client that lotus’ has not: ours takes a file or a root, and counts commP itself'
const oneKey = 'our client has one key: there is no wallet to name'

/** Texts of boost's client that no test compares with ours, and why. */
const notCompared: Readonly<Record<string, string>> = {
  'deal-online-json': oneCid,
  'deal-online-verified-default': oneCid,
  'offline-deal': oneCid,
  'deal-status-online-json': ownJson,
  'deal-status-wrong-wallet-json': ownJson,
  'offline-deal-price-too-low-json': ownJson,
  'provider-libp2p-info-json': ownJson,
  'provider-retrieval-transports-json': ownJson,
  'deal-status-bad-uuid': uuidOrCid,
  'deal-status-empty': noAnswer,
  'deal-status-reset': noAnswer,
  'offline-deal-empty': noAnswer,
  'offline-deal-garbage': noAnswer,
  'offline-deal-reset': noAnswer,
  'provider-storage-ask-empty': noAnswer,
  'deal-status-unknown-wallet': oneKey,
  'offline-deal-bad-commp': ownFlags,
  'offline-deal-both-starts': ownFlags,
  'offline-deal-missing-flag': ownFlags,
  'provider-storage-ask-none':
    'a missing argument is an error and exits with 64, not a usage that exits with 0',
  'provider-down':
    'the addresses and the reason as theirs, and what to look at: "is it running, and are these its addresses"',
}

it('compares each text of boost’s client with ours, or says why not', () => {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const tests = [`${here}/client-deals.test.ts`, `${here}/../commands/client.test.ts`]
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  const all = readdirSync(new URL('../../test/vectors/boost-cli/', import.meta.url)).map((file) =>
    file.replace(/^4-cli-(.*)\.json$/, '$1'),
  )
  const compared = all.filter((name) => tests.includes(`'${name}'`))
  expect([...compared, ...Object.keys(notCompared)].sort()).toEqual(all.sort())
  expect(compared.length).toBeGreaterThanOrEqual(17)
})
