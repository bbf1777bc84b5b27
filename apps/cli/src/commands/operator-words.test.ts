import { expect, it } from 'vitest'
import { everyCommand } from '../frame/command-tree.js'

/**
 * What operators know of a deal’s and a sector’s life and of the provider’s net, where they know it from, and what it is here. Sources:
 * the operator notes of 2020, lotus-miner 1.22 (the last with a market), lotus of today as recorded, boost’s client.
 */
const known: readonly (readonly [theirs: string, ours: string])[] = [
  // The notes: asks and deals (S1, S2, S5–S7, S9–S12, S18).
  ['lotus-miner storage-deals get-ask', 'storage-deals get-ask --legacy'],
  [
    'lotus-miner storage-deals set-ask',
    'storage-deals set-ask --price --verified-price --min-piece-size --max-piece-size --duration',
  ],
  ['lotus-miner storage-deals list', 'storage-deals list --verbose --watch --json'],
  ['lotus-miner storage-deals import-data', 'storage-deals import-data'],
  ['lotus-miner storage-deals pending-publish', 'storage-deals pending-publish --publish-now'],
  ['lotus-miner storage-deals selection list', 'storage-deals selection list'],
  ['lotus-miner storage-deals selection reset', 'storage-deals selection reset'],
  ['lotus-miner storage-deals selection reject', 'storage-deals selection reject --online --offline'],
  ['lotus-miner storage-deals set-blocklist', 'storage-deals set-blocklist'],
  ['lotus-miner storage-deals get-blocklist', 'storage-deals get-blocklist'],
  ['lotus-miner storage-deals reset-blocklist', 'storage-deals reset-blocklist'],
  ['lotus-miner storage-deals set-seal-duration', 'storage-deals set-seal-duration'],
  ['S6 stuck in StorageDealPublishing', 'deals why'],
  ['S11 which CID is this', 'deals find'],
  ['lotus-miner data-transfers list', 'transfers list --verbose --completed --show-failed --watch'],
  ['lotus-miner data-transfers restart', 'transfers restart'],
  ['lotus-miner data-transfers cancel', 'transfers cancel'],
  ['S12 transfers pause', 'transfers pause'],
  ['S12 transfers resume', 'transfers resume'],
  ['lotus client import', 'client import'],
  [
    'lotus client deal',
    'client deal --from --start-epoch --manual-piece-cid --manual-piece-size --fast-retrieval --verified-deal --provider-collateral',
  ],
  ['S8 duration as in 2020', 'client deal --align'],
  ['lotus client list-deals', 'client list-deals --verbose --watch'],
  ['lotus client query-ask', 'client query-ask --size --duration'],
  ['lotus send', 'client send'],
  ['boost deal-status', 'client deal-status'],
  ['boost provider libp2p-info', 'client libp2p-info'],
  ['boost provider retrieval-transports', 'client retrieval-transports'],
  // The provider’s net (S4, S15).
  ['lotus-miner net id', 'net id'],
  ['lotus-miner net listen', 'net listen'],
  ['lotus-miner net peers', 'net peers'],
  ['lotus-miner net connect', 'net connect'],
  ['lotus-miner net ping', 'net ping --count --interval'],
  ['lotus-miner net reachability', 'net reachability'],
  ['lotus-miner net protect', 'net protect'],
  ['lotus-miner net unprotect', 'net unprotect'],
  ['lotus-miner net list-protected', 'net list-protected'],
  ['lotus-miner net block add peer', 'net block add peer'],
  ['lotus-miner net block add ip', 'net block add ip'],
  ['lotus-miner net block add subnet', 'net block add subnet'],
  ['lotus-miner net block remove peer', 'net block remove peer'],
  ['lotus-miner net block remove ip', 'net block remove ip'],
  ['lotus-miner net block remove subnet', 'net block remove subnet'],
  ['lotus-miner net block list', 'net block list'],
  ['lotus-miner actor set-addrs', 'actor set-addrs'],
  ['lotus-miner actor set-peer-id', 'actor set-peer-id'],
  ['lotus-miner actor control list', 'actor control list --verbose'],
  // Sectors and sealing (S13), proving.
  [
    'sealer --enable_deal_sector --deal-concurrent',
    'sealing set-limits --enable_deal_sector --deal-concurrent --total_num',
  ],
  ['lotus-miner sectors pledge', 'sectors pledge'],
  ['lotus-miner sectors list', 'sectors list --fast'],
  ['lotus-miner sectors status', 'sectors status --log --on-chain-info'],
  ['lotus-miner sectors refs', 'sectors refs'],
  ['lotus-miner sectors seal', 'sectors seal'],
  ['lotus-miner sectors expired', 'sectors expired'],
  ['lotus-miner sectors check-expire', 'sectors check-expire'],
  ['lotus-miner sectors numbers info', 'sectors numbers info'],
  ['lotus-miner sectors batching precommit', 'sectors batching precommit'],
  ['lotus-miner sectors batching commit', 'sectors batching commit'],
  ['lotus-miner sectors unseal', 'sectors unseal'],
  ['lotus-miner sealing jobs', 'sealing jobs --watch'],
  ['lotus-miner sealing workers', 'sealing workers'],
  ['lotus-miner sealing sched-diag', 'sealing sched-diag'],
  ['lotus-miner pieces list-pieces', 'pieces list'],
  ['lotus-miner storage list', 'storage list'],
  ['lotus-miner storage find', 'storage find'],
  ['lotus-miner proving info', 'proving info'],
  ['lotus-miner proving deadlines', 'proving deadlines'],
  ['lotus-miner proving deadline', 'proving deadline'],
  ['lotus-miner proving faults', 'proving faults'],
  ['lotus-miner proving check', 'proving check'],
  ['lotus-miner proving workers', 'proving workers'],
  ['lotus-miner info', 'info'],
  ['lotus-miner init', 'miner init --sector-size'],
  // Messages: chain.md’s list of lotus mpool, and what the notes look at.
  ['lotus mpool pending', 'mpool pending --local --cids --to --from'],
  ['lotus mpool stat', 'mpool stat --local --basefee-lookback'],
  ['lotus mpool replace', 'mpool replace --auto --fee-limit --gas-premium --gas-feecap --gas-limit'],
  ['lotus mpool find', 'mpool find --from --to --method'],
  ['lotus mpool config', 'mpool config'],
  ['lotus mpool gas-perf', 'mpool gas-perf --all'],
  ['lotus mpool sub', 'mpool sub'],
  ['lotus chain list', 'chain list --count'],
  ['lotus chain head', 'chain head'],
  ['lotus chain getmessage', 'chain getmessage'],
  ['lotus sync wait', 'sync wait --watch'],
  ['lotus sync status', 'sync status'],
  ['lotus state miner-info', 'state miner-info'],
  ['lotus state get-actor', 'state get-actor'],
  ['lotus state sector', 'state sector'],
  ['lotus state sectors', 'state sectors'],
  ['lotus state power', 'state power'],
  ['lotus state list-miners', 'state list-miners'],
  ['lotus state lookup', 'state lookup'],
  ['lotus state market balance', 'state market balance'],
  ['lotus state network-version', 'state network-version'],
  ['lotus state search-msg', 'state search-msg'],
  ['lotus state wait-msg', 'state wait-msg'],
  ['lotus wallet new', 'wallet new'],
  ['lotus wallet list', 'wallet list --id --addr-only'],
  ['lotus wallet balance', 'wallet balance'],
  ['lotus wallet import', 'wallet import'],
  ['lotus wallet export', 'wallet export'],
  ['lotus-miner auth create-token', 'auth create-token --perm'],
  ['lotus-miner auth api-info', 'auth api-info'],
  ['lotus version', 'version'],
]

/** What operators know, belongs there, and is not here: why, and what does it. */
const excused: Readonly<Record<string, string>> = {
  'lotus-miner storage attach':
    'a worker’s paths are its configuration (storage.paths) and workers have no operator API: add the path, restart that worker; the others go on',
  'lotus-miner storage detach':
    'the same: take it out of the worker’s configuration; its sectors say which worker they miss',
  'lotus-miner storage-deals retry-publish':
    'nothing is ever given up: a publication that failed is queued again by itself, and says when',
  'lotus-miner storage-deals reset-deal-state':
    'a state is never set by hand: the table of its life says what may follow',
  'lotus-miner retrieval-deals': 'retrieval belongs to another year’s work; unsealed copies are kept for it',
  'lotus-miner piece info': '"pieces list" and "deals find" by piece CID tell where a piece lies',
  'lotus-miner sectors update-state': 'a state is never set by hand; "sectors release" lets a held one go on',
  'lotus-miner sectors remove':
    'removing, terminating, extending and upgrading sectors come with the long life of a sector',
  'lotus-miner net scores': 'gossip is the chain node’s; the provider speaks none',
  'lotus-miner net limit':
    'the limits are in the configuration: libp2p.max_connections, streams_per_protocol',
  'lotus-miner net bandwidth': 'counted in the metrics of the provider',
  'lotus mpool clear': 'lotus moved it away; a message of ours is kept alive until the chain has its nonce',
  'lotus client retrieve': 'retrieval, as above',
  'lotus send --nonce': 'nonces belong to their one writer',
}

it('has each command and flag that operators know, or says why not', async () => {
  const commands = new Map(
    (await everyCommand()).map(({ words, command }) => [
      words,
      command.options.flatMap(({ long }) => (typeof long === 'string' ? [long] : [])),
    ]),
  )
  const missing = known.flatMap(([theirs, ours]) => {
    const words = ours.split(' ').filter((word) => !word.startsWith('--'))
    const flags = commands.get(words.join(' '))
    if (flags === undefined) return [`${theirs}: no command "${words.join(' ')}"`]
    const wanted = ours.split(' ').filter((word) => word.startsWith('--'))
    return wanted.filter((flag) => !flags.includes(flag)).map((flag) => `${theirs}: no flag ${flag}`)
  })
  expect(missing).toEqual([])
  expect(known.filter(([theirs]) => theirs in excused)).toEqual([])
})
