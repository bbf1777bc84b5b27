// A chain node for bench:intake: the devnet answers what does not depend on deals, this answers accounts and balances, and
// every answer takes 5 ms, as from a node across the room.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { useNativeCrypto } from '@sealane/crypto/native'
import { createDevnet } from '@sealane/devnet'
import { answerEach } from './bench.mjs'

const answerMs = 5
const plenty = String(10n ** 24n)

useNativeCrypto()
const dataDir = mkdtempSync(join(tmpdir(), 'sealane-bench-node-'))
const devnet = await createDevnet({
  dataDir,
  keySetDigest: 'be'.repeat(32),
  verifier: { verifySeal: async () => false, verifyWindowPost: async () => false },
})
const [token, address] = devnet.readApiInfo.split(/:(?=\/)/)

/** ID addresses of clients, in the order in which they are asked for. */
const ids = new Map()
const own = {
  'Filecoin.StateLookupID': ([client]) => {
    if (client.startsWith('t0') || client.startsWith('f0')) return client
    if (!ids.has(client)) ids.set(client, `t0${2000 + ids.size}`)
    return ids.get(client)
  },
  'Filecoin.StateMarketBalance': () => ({ Escrow: plenty, Locked: '0' }),
  'Filecoin.StateDealProviderCollateralBounds': () => ({ Min: '1000', Max: plenty }),
  'Filecoin.StateMinerInfo': () => ({
    Owner: 't01001',
    Worker: 't01002',
    NewWorker: '<empty>',
    ControlAddresses: [],
    WorkerChangeEpoch: -1,
    PeerId: null,
    Multiaddrs: [],
    WindowPoStProofType: 5,
    SectorSize: 2048,
    WindowPoStPartitionSectors: 2,
    ConsensusFaultElapsed: -1,
    PendingOwnerAddress: null,
    Beneficiary: 't01001',
    BeneficiaryTerm: { Quota: '0', UsedQuota: '0', Expiration: 0 },
    PendingBeneficiaryTerm: null,
  }),
}

const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  const { id, method, params } = JSON.parse(body)
  await pause(answerMs)
  response.setHeader('content-type', 'application/json')
  if (own[method] !== undefined) {
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: own[method](params) }))
    return
  }
  const answer = await fetch(`http://127.0.0.1:${devnet.port}/rpc/v1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  })
  response.statusCode = answer.status
  response.end(await answer.text())
})
server.listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const apiInfo = `${token}:${address.replace(/tcp\/\d+/, `tcp/${server.address().port}`)}`

await answerEach(() => ({ apiInfo }))
server.closeAllConnections()
server.close()
await devnet.close()
rmSync(dataDir, { recursive: true, force: true })
