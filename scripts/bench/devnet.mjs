// npm run bench:devnet: what the embedded chain makes in a second, every block durable: empty epochs of a rush, and plain
// transfers taken through its API and landed. The chain runs in a process of its own.
//   --epochs N (default 4000)   --messages N (default 1000)   --rounds N   --json
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keyAddress, signingBytes } from '@sealane/actors'
import { createChainClient, rpcCall } from '@sealane/chain'
import { generateKey, publicKey, sign } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { createDevnet } from '@sealane/devnet'
import { attoFil } from '@sealane/fil-units'
import { answerEach, Contestant, cpuSeconds, machine, median, options, report, rounded } from './bench.mjs'

const goalEpochs = 2000
/** Wallets that send, and requests in flight. */
const senders = 8
const inFlight = 32
const fil = 10n ** 18n

if (process.argv[2] === '--contestant') await contestant(process.argv[3])
else await main()

/** A devnet that verifies no proof: none comes. Its clock is the ordinary one, which hurries while messages are pooled. */
async function contestant(dataDir) {
  useNativeCrypto()
  const devnet = await createDevnet({
    dataDir,
    keySetDigest: 'be'.repeat(32),
    verifier: { verifySeal: async () => false, verifyWindowPost: async () => false },
  })
  const { node } = devnet
  await answerEach(async (request) => {
    if (request === 'where') return { apiInfo: devnet.apiInfo }
    const used = process.cpuUsage()
    const began = performance.now()
    const [what, count] = request.split(' ')
    if (what === 'epochs')
      await reached(node, await rpcCall(devnet.apiInfo, 'Devnet.Advance', [Number(count), false]))
    else await landed(node, Number(count))
    return { seconds: (performance.now() - began) / 1000, cpuSeconds: cpuSeconds(used) }
  })
  await devnet.close()
}

function reached(node, height) {
  return new Promise((resolve) => {
    const stop = node.subscribe(() => {
      if (node.head.header.height < height) return
      stop()
      resolve()
    })
    if (node.head.header.height >= height) stop(resolve())
  })
}

/** Until so many messages have landed. */
async function landed(node, count) {
  let seen = 0
  const done = Promise.withResolvers()
  const stop = node.subscribe(({ applies }) => {
    for (const { messageCount } of applies) seen += messageCount
    if (seen >= count) done.resolve()
  })
  await done.promise
  stop()
}

async function main() {
  const { json, rounds, ...wanted } = options({
    epochs: { type: 'string', default: '4000' },
    messages: { type: 'string', default: '1000' },
  })
  const [epochs, messages] = [Number(wanted.epochs), Number(wanted.messages)]
  const facts = machine()
  const dataDir = mkdtempSync(join(tmpdir(), 'sealane-bench-devnet-'))
  const chain = new Contestant(
    'devnet',
    process.execPath,
    [fileURLToPath(import.meta.url), '--contestant', dataDir],
    {
      cores: facts.cores,
    },
  )
  try {
    const { apiInfo } = await chain.round('where')
    const empty = []
    const transfers = []
    const wallets = await funded(chain, apiInfo)
    for (let round = -1; round < rounds; round++) {
      const taken = await chain.round(`epochs ${epochs}`)
      const signed = wallets.flatMap((wallet) => signedTransfers(wallet, messages / senders))
      const landing = chain.round(`messages ${signed.length}`)
      await push(apiInfo, signed)
      const through = await landing
      // The first round warms up.
      if (round < 0) continue
      empty.push({ perSecond: epochs / taken.seconds, perCpuSecond: epochs / taken.cpuSeconds })
      transfers.push({ perSecond: messages / through.seconds, perCpuSecond: messages / through.cpuSeconds })
    }
    const row = (name, all) => ({
      name,
      perSecond: rounded(median(all.map((one) => one.perSecond))),
      min: rounded(Math.min(...all.map((one) => one.perSecond))),
      max: rounded(Math.max(...all.map((one) => one.perSecond))),
      perCpuSecond: rounded(median(all.map((one) => one.perCpuSecond))),
    })
    const rows = [row('empty epochs', empty), row('transfers pushed and landed', transfers)]
    const goal = rows[0].perSecond >= goalEpochs ? 'reached' : 'not reached at this load'
    report({
      title: `devnet, ${epochs} epochs and ${messages} messages a round, median of ${rounds}`,
      facts,
      json,
      rows,
      notes: [`Goal ${goalEpochs} empty epochs/s: ${goal}.`],
      columns: [
        { head: '', of: (one) => one.name },
        { head: '/s', of: (one) => one.perSecond },
        { head: 'min', of: (one) => one.min },
        { head: 'max', of: (one) => one.max },
        { head: '/CPU-s', of: (one) => one.perCpuSecond },
      ],
    })
  } finally {
    await chain.end()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function funded(chain, apiInfo) {
  const wallets = Array.from({ length: senders }, (_, at) => {
    const key = generateKey('secp256k1', new Uint8Array(32).fill(at + 1))
    return { key, address: keyAddress('secp256k1', publicKey(key)), nonce: 0 }
  })
  for (const { address } of wallets)
    await rpcCall(apiInfo, 'Devnet.FundTo', [address, (1000n * fil).toString()])
  await chain.round('epochs 3')
  return wallets
}

function signedTransfers(wallet, count) {
  return Array.from({ length: count }, () => {
    const message = {
      version: 0,
      to: wallet.address,
      from: wallet.address,
      nonce: wallet.nonce++,
      value: attoFil(1n),
      gasLimit: 8_000_000,
      gasFeeCap: attoFil(500_000_000n),
      gasPremium: attoFil(100_000n),
      method: 0,
      params: new Uint8Array(),
    }
    return { message, signature: sign(wallet.key, signingBytes(message)) }
  })
}

async function push(apiInfo, signed) {
  const client = createChainClient({ nodes: apiInfo })
  const queue = signed.values()
  const lane = async () => {
    for (const one of queue) await client.mpoolPush(one)
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  await client.close()
}
