// The clients of bench:intake: each with a wallet key, a libp2p host and one connection, proposing offline deals.
import { randomBytes } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { multiaddr } from '@multiformats/multiaddr'
import { keyAddress, parseAddress, pieceCid, proposalSigningBytes } from '@sealane/actors'
import { generateKey, publicKey, sign } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import { dealProtocols, dealUuidFromBytes } from '@sealane/market'
import { noteProtocolsOnce, proposeDeal } from '@sealane/market/node'
import { createLibp2p } from 'libp2p'
import { answerEach, cpuSeconds } from './bench.mjs'

const [keyType, clientCount, target] = [process.argv[2], Number(process.argv[3]), process.argv[4]]
useNativeCrypto()

/** libp2p's own logger would take a share of the machine that clients elsewhere do not take. */
const quiet = Object.assign(() => {}, { enabled: false, error() {}, trace() {}, newScope: () => quiet })

const clients = await Promise.all(
  Array.from({ length: clientCount }, async () => {
    const host = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [tls(), noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      logger: { forComponent: () => quiet },
    })
    noteProtocolsOnce(host)
    // A protocol without a handler costs libp2p an exception for each stream that it opens.
    await host.handle([...dealProtocols], (stream) => stream.abort(new Error('a client')))
    const key = generateKey(keyType, randomBytes(32))
    return {
      host,
      key,
      address: keyAddress(keyType, publicKey(key)),
      connection: await host.dial(multiaddr(target)),
      open: 0,
      closed: Promise.withResolvers(),
    }
  }),
)

function proposal({ key, address }) {
  const terms = {
    pieceCid: pieceCid(Uint8Array.from(randomBytes(32), (byte, at) => (at === 31 ? byte & 0x3f : byte))),
    pieceSize: paddedSize(2048n),
    verifiedDeal: false,
    client: address,
    provider: parseAddress('f01000'),
    label: randomBytes(8).toString('hex'),
    startEpoch: epoch(12_000),
    endEpoch: epoch(532_000),
    storagePricePerEpoch: attoFil(1_000_000_000n),
    providerCollateral: attoFil(1_200n),
    clientCollateral: attoFil(0n),
  }
  return {
    dealUuid: dealUuidFromBytes(randomBytes(16)),
    isOffline: true,
    clientDealProposal: { proposal: terms, clientSignature: sign(key, proposalSigningBytes(terms)) },
    dealDataRoot: terms.pieceCid,
    transfer: { type: '', clientId: '', params: new Uint8Array(), size: 0n },
    removeUnsealedCopy: false,
    skipIpniAnnounce: false,
  }
}

/** libp2p opens at most 64 streams of a protocol on a connection. */
const streamsOfClient = 60

/** Proposes and waits; the latency in ms. */
async function propose(client, params) {
  while (client.open >= streamsOfClient) await client.closed.promise
  client.open += 1
  const began = performance.now()
  const { accepted, message } = await proposeDeal(client.connection, params)
  client.open -= 1
  client.closed.resolve()
  client.closed = Promise.withResolvers()
  if (!accepted) throw new Error(`refused: ${message}`)
  return performance.now() - began
}

const proposals = (count) =>
  Array.from({ length: count }, (_, at) => [clients[at % clientCount], proposal(clients[at % clientCount])])

const kinds = {
  /** As fast as answers come, so many in flight over all clients. */
  async most(count, inFlight) {
    const queue = proposals(count).values()
    const latencies = []
    const lane = async () => {
      for (const [client, params] of queue) latencies.push(await propose(client, params))
    }
    const measured = clock()
    await Promise.all(Array.from({ length: inFlight }, lane))
    return { ...measured(), latencies }
  },
  /** So many a second, whether answers come or not; latency counts from when a proposal was due. */
  async steady(count, perSecond) {
    const all = proposals(count)
    const sent = []
    const measured = clock()
    const startedAt = performance.now()
    for (const [at, [client, params]] of all.entries()) {
      const dueAt = startedAt + (at * 1000) / perSecond
      while (performance.now() < dueAt) await new Promise((resolve) => setTimeout(resolve, 1))
      sent.push(propose(client, params).then(() => performance.now() - dueAt))
    }
    const latencies = await Promise.all(sent)
    return { ...measured(), latencies }
  },
}

function clock() {
  const used = process.cpuUsage()
  const began = performance.now()
  return () => ({ seconds: (performance.now() - began) / 1000, cpuSeconds: cpuSeconds(used) })
}

await answerEach(async (request) => {
  const [kind, count, rate] = request.split(' ')
  return await kinds[kind](Number(count), Number(rate))
})
await Promise.all(clients.map(({ host }) => host.stop()))
