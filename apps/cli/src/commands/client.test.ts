import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import {
  createMinerParams,
  formatAddress,
  keyAddress,
  parseAddress,
  powerActor,
  powerMethods,
  windowPostProofFor,
} from '@sealane/actors'
import { createChainClient, rpcCall } from '@sealane/chain'
import { generateKey, publicKey } from '@sealane/crypto'
import { epoch } from '@sealane/fil-units'
import { temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendMessage } from '../client/send-message.js'
import { recorded } from '../testing/recorded.js'
import { runCommand } from '../testing/run-command.js'
import { runningDevnet } from '../testing/running-devnet.js'
import { recordedNetwork, scriptedNode } from '../testing/scripted-node.js'
import { scriptedProvider } from '../testing/scripted-provider.js'
import { transportsText } from './client-provider.js'

/** What boost’s client printed. */
function recordedBoost(name: string): { stdout: string; stderr: string } {
  const url = new URL(`../../test/vectors/boost-cli/4-cli-${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as { stdout: string; stderr: string }
}

describe('client commands towards a miner that is none', () => {
  it.each([
    ['provider-storage-ask-unknown', 'client query-ask t1l2nppnx4oatglvahhjrghlabmln7semmobhkryi'],
    ['offline-deal-no-peer', 'client libp2p-info t01001'],
  ])('say what the node says, as boost’s: %s', async (name, line) => {
    const text = recordedBoost(name)
      .stderr.replace(/^Error: /, '')
      .trimEnd()
    const env = await scriptedNode({
      ...recordedNetwork,
      StateMinerInfo: () => {
        throw new Error(text)
      },
    })
    const { code, err } = await runCommand(line, env)
    expect(err.split('\n')[0]).toBe(`ERROR: ${text}`)
    expect(code).toBe(1)
  })
})

describe('a client against a real chain', () => {
  const devnet = runningDevnet()
  const home = temporaryDirectory()
  const file = join(home, 'hello.bin')
  let provider: Awaited<ReturnType<typeof scriptedProvider>>
  let miner = ''
  let refuse = ''

  const run = async (line: string) =>
    await runCommand(line, { FULLNODE_API_INFO: devnet.nodes(), SEALANE_CLIENT_DIR: join(home, 'client') })

  beforeAll(async () => {
    provider = await scriptedProvider({
      judge: () => (refuse === '' ? { accepted: true, message: '' } : { accepted: false, message: refuse }),
    })
    writeFileSync(file, randomBytes(1000))
    miner = await createMiner(devnet.nodes(), provider.node)
  })
  afterAll(async () => await provider?.stop())

  it('is told where its money must come from, then puts some into escrow', async () => {
    const poor = await run('client market-add 1')
    expect(poor.code).toBe(1)
    expect(poor.err).toMatch(
      /has 0 FIL, not 1 FIL and a little for gas: send it money \("sealane devnet fund t1\w+ 10"/,
    )
    const address = /t1\w+/.exec(poor.err)?.[0] ?? ''
    expect((await run(`devnet fund ${address} 10`)).out).toMatch(/^bafy2\w+\nbalance: 10 FIL\n$/)
    expect((await run(`devnet fund ${address} 10 --to-balance`)).out).toBe(
      'has that much already\nbalance: 10 FIL\n',
    )
    const added = await run('client market-add 2 --json')
    const { cid, escrow } = JSON.parse(added.out) as { cid: string; escrow: string }
    expect(escrow).toBe('2000000000000000000')
    expect((await run(`chain getmessage ${cid}`)).out).toContain(`"From": "${address}"`)
    expect((await run('client info')).out).toMatch(/Escrow +2 FIL\nLocked +0 FIL\n$/)
  })

  it('sends money, in the words of lotus send', async () => {
    const to = 't1ejujxx5smhi2ok2jmnd3hb63fbx7oevrjmfmika'
    const sent = await run(`client send ${to} 0.5`)
    const from = /(?<=from: )t\w+/
    expect(sent.out.replace(from, 'A').replace(/bafy2\w+/, 'C')).toBe(
      recorded('send')
        .replace(from, 'A')
        .replace(/bafy2\w+/, 'C'),
    )
    expect((await run(`wallet balance ${to}`)).out).toBe('0.5 FIL\n')
    expect((await run(`client send ${to} 1000`)).err).toMatch(
      /has 7\.\d+ FIL, not 1000 FIL and a little for gas/,
    )
  })

  it('meets a provider as boost’s client does', async () => {
    const met = await run(`client libp2p-info ${miner}`)
    expect(met.err).toBe('')
    const theirs = recordedBoost('provider-libp2p-info').stdout
    const shape = (text: string) =>
      text.split('\n').map((line) => line.replace(/: .*/, ':').replace(/ {2}.*/, '  …'))
    expect(new Set(shape(met.out))).toEqual(new Set(shape(`${theirs.trimEnd()}\n`)))
    expect(met.out).toContain(`\nPeer ID: ${provider.node.peerId.toString()}\n`)
    expect(met.out).toContain('\n  /fil/storage/mk/1.2.1\n')
    const all = transportsText([
      {
        name: 'libp2p',
        addresses: ['/ip4/127.0.0.1/tcp/21888/p2p/12D3KooWFQ8gtyBRZc3jf8nTVbtipg7cx7MzDAzunTQrxHS8yRUn'],
      },
    ])
    expect(all).toBe(`${recordedBoost('provider-retrieval-transports').stdout.trimEnd()}\n`)
  })

  it('asks for the ask', async () => {
    expect((await run(`client query-ask ${miner}`)).out).toBe(
      `Ask: ${miner}
Price per GiB: 0.0000000005 FIL
Verified Price per GiB: 0 FIL
Max Piece size: 2 KiB
Min Piece size: 256 B
Expiry: 1000001
Seq. No.: 3
`,
    )
  })

  it('makes a deal with the operator notes’ arguments, flags anywhere, and serves the file until it is fetched', async () => {
    const imported = (await run(`client import ${file}`)).out
    const root = /^Import 1, Root (bafk2bzace\w+)\n$/.exec(imported)?.[1] ?? ''
    expect(root).not.toBe('')
    const made = await run(
      `client deal --start-epoch 10000 ${root} ${miner} --align 0.0000000000000003 800000`,
    )
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^bafyrei\w+\n$/) })
    const [deal] = provider.taken
    const { proposal } = deal?.params.clientDealProposal ?? {}
    expect(deal?.fetched?.length).toBe(1000)
    expect(deal?.params.dealDataRoot).toBe(root)
    expect(proposal).toMatchObject({
      storagePricePerEpoch: 300n,
      startEpoch: 10_000,
      pieceSize: 1024n,
      label: root,
    })
    // Aligned to the miner's proving period: 801900 in the notes, by another miner's offset.
    const chain = createChainClient({ nodes: devnet.nodes() })
    const deadline = await chain.provingDeadline(parseAddress(miner))
    await chain.close()
    const offset = ((deadline.periodStart % 2880) + 2880) % 2880
    expect((((proposal?.endEpoch ?? 0) + 1) % 2880) - offset).toBe(0)
    expect(proposal?.endEpoch).toBeGreaterThanOrEqual(810_000 - 1)

    const status = await run(`client deal-status ${made.out.trim().slice(-8)}`)
    expect(status.out).toContain('  deal status: Ready to Publish\n')
    const listed = await run('client list-deals')
    expect(listed.out.split('\n')[0]?.trimEnd().split(/ {2,}/)).toEqual([
      'DealCid',
      'DealId',
      'Provider',
      'State',
      'On Chain?',
      'Slashed?',
      'PieceCID',
      'Size',
      'Price',
      'Duration',
      'Verified',
    ])
    expect(listed.out.split('\n')[1]).toMatch(
      new RegExp(
        `^\\.\\.\\.${made.out.trim().slice(-8)} +0 +${miner} +StorageDealPublish +N +N +\\.\\.\\.\\w{8} +1 KiB +0\\.0\\d+ FIL +80\\d{4} +false`,
      ),
    )
  })

  it('makes an offline deal for a piece that travels another way', async () => {
    const piece = 'baga6ea4seaqjr534a5wpionyolbyct2qhu3dwd3hdeetw7vm3gwd6hr6bkim2ba'
    const line = `client deal --manual-piece-cid ${piece} --manual-piece-size 1016 bafkqabtimvwgy3yk ${miner} 0 518400`
    const made = await run(`${line} --json`)
    expect(JSON.parse(made.out)).toMatchObject({ pieceCid: piece, pieceSize: '1024', offline: true })
    expect(provider.taken.at(-1)?.params).toMatchObject({
      isOffline: true,
      dealDataRoot: 'bafkqabtimvwgy3yk',
    })
    expect((await run('client list-deals')).out).toContain('StorageDealWaitingForData')
  })

  it.each([
    ['t01000 0', 'expected 4 args: dataCid, miner, price, duration'],
    ['FILE MINER cheap 800000', 'parsing \'price\' argument: unrecognized suffix: "cheap"'],
    ['FILE MINER 0 1000', 'minimum deal duration is 518400 blocks'],
    ['FILE MINER 0 800000 --start-epoch 1', 'deal start epoch 1 has already elapsed (current epoch: '],
    ['--manual-piece-cid 0 FILE MINER 0 800000', 'must specify piece size when manually setting cid'],
    [
      '--manual-piece-cid 0 --manual-piece-size 1016 FILE MINER 0 800000',
      'failed to parse provided manual piece cid: ',
    ],
    [
      '--manual-piece-cid baga6ea4seaqjr534a5wpionyolbyct2qhu3dwd3hdeetw7vm3gwd6hr6bkim2ba --manual-piece-size 1024 FILE MINER 0 800000',
      'it is the unpadded size, such as 1016',
    ],
    [
      'bafk2bzaceb4qutc7uc6lnonqkvgojt2kitxgfdcpmvwqku4agc45xzkezhnk2 MINER 0 800000',
      'sealane client import FILE',
    ],
    ['--from t01 FILE MINER 0 800000', "no key for t01: the client's own address is t1"],
    [
      '--verified-deal FILE MINER 0 800000',
      'does not have verified client status: leave --verified-deal away',
    ],
    ['FILE MINER 1 800000', 'free in market escrow, the deal costs 800000 FIL: sealane client market-add'],
  ])('refuses deal %s', async (args, text) => {
    const before = provider.taken.length
    const { err, code } = await run(`client deal ${args.replace('FILE', file).replace('MINER', miner)}`)
    expect(err).toContain(text)
    expect(code).toBeGreaterThan(0)
    expect(provider.taken.length).toBe(before)
  })

  it('says why a provider refuses, and what to do when it cannot be reached', async () => {
    for (const name of ['offline-deal-price-too-low', 'offline-deal-rejected-text']) {
      const text = recordedBoost(name).stderr.replace(/^Error: /, '')
      refuse = text.replace(/^deal proposal rejected: /, '').trimEnd()
      expect(refuse, name).not.toBe('')
      const refused = await run(`client deal ${file} ${miner} 0 800000`)
      refuse = ''
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(text.trimEnd()) })
    }
    await provider.stop()
    const away = await run(`client query-ask ${miner}`)
    expect(away.code).toBe(1)
    expect(away.err).toContain(`cannot reach the provider of t0`)
    expect((await run('client list-deals')).out).toMatch(
      /StorageDealUnknown[^\n]*\n {2}Message: cannot reach the provider/,
    )
  })

  it('small files are their own CID, and too small ones are refused', async () => {
    const small = join(home, 'small.txt')
    writeFileSync(small, 'x'.repeat(100))
    const imported = await run(`client import ${small}`)
    expect(imported.out).toMatch(/Root bafkq/)
    expect(imported.err).toContain('piece size less than minimum required size')
    writeFileSync(small, 'x'.repeat(64))
    expect((await run(`client import ${small}`)).err).toContain('has 64 bytes: a piece needs at least 65')
    expect((await run('client import /nonexistent')).err).toContain('no file /nonexistent')
  })

  it('lets rounds pass without a block on the devnet, and replaces its last tipsets', async () => {
    const chain = createChainClient({ nodes: devnet.nodes() })
    const before = await chain.head()
    const skipped = JSON.parse((await run('devnet null-rounds 7 --json')).out) as { height: number }
    expect(skipped.height).toBeGreaterThanOrEqual(before.height + 8)
    // Of a null round, the tipset before it.
    expect((await chain.tipSetByHeight(epoch(skipped.height - 1))).height).toBeLessThan(skipped.height - 6)
    const old = await chain.head()
    const { out } = await run('devnet reorg 3 --withhold')
    expect(out).toMatch(/^3 tipsets replaced, head \d+\n$/)
    expect((await chain.tipSetByHeight(old.height)).key).not.toEqual(old.key)
    expect((await run('devnet reorg 0')).err).toContain('a reorg takes 1 to')
    await chain.close()
  })

  it('lets the devnet advance, and waits until it has', async () => {
    const { out } = await run('devnet advance 300 --json')
    const { from, to, target } = JSON.parse(out) as { from: number; to: number; target: number }
    expect(to).toBeGreaterThanOrEqual(target)
    expect(target).toBeGreaterThanOrEqual(from + 300)
    expect((await run('devnet info')).out).toMatch(/^Agent +sealane-devnet.*\n[\s\S]*Clock +auto: /)
  })

  it('creates what state commands find', async () => {
    expect((await run(`state miner-info ${miner}`)).out).toMatch(
      /^Available Balance: [\d.]+ FIL\nOwner:\tt0\d+\nWorker:\tt0\d+\n/,
    )
    expect((await run(`state get-actor ${miner}`)).out).toContain('(fil/18/storageminer)')
    expect((await run('chain list --count 3')).out.split('\n')).toHaveLength(4)
  })
})

/** A miner actor whose chain entry names the provider: what `sealane miner init` does at home. */
async function createMiner(
  nodes: string,
  node: Awaited<ReturnType<typeof scriptedProvider>>['node'],
): Promise<string> {
  const chain = createChainClient({ nodes })
  const owner = generateKey('secp256k1', randomBytes(32))
  const worker = generateKey('bls', randomBytes(32))
  const [ownerAddress, workerAddress] = [owner, worker].map((key) => keyAddress(key.type, publicKey(key)))
  if (ownerAddress === undefined || workerAddress === undefined)
    throw new TypeError('two keys make two addresses')
  for (const address of [ownerAddress, workerAddress])
    await rpcCall(nodes, 'Devnet.FundTo', [address, String(10n ** 20n)])
  await until(
    'keys on chain',
    () => chain.lookupId(workerAddress),
    (id) => id !== undefined,
    { deadlineMs: 20_000 },
  )
  const cid = await sendMessage(chain, owner, {
    from: ownerAddress,
    to: powerActor,
    value: await chain.creationDeposit(),
    method: powerMethods.CreateMiner,
    params: createMinerParams.encode({
      owner: ownerAddress,
      worker: workerAddress,
      windowPostProofType: windowPostProofFor(2048n),
      peer: peerIdFromString(node.peerId.toString()).toMultihash().bytes,
      multiaddrs: node
        .getMultiaddrs()
        .map((address) => multiaddr(address.toString().replace(/\/p2p\/.*$/, '')).bytes),
    }),
    signal: AbortSignal.timeout(30_000),
  })
  expect(cid).toMatch(/^bafy2/)
  const miners = await until(
    'the miner',
    () => chain.listMiners(),
    (all) => all.length > 0,
    { deadlineMs: 20_000 },
  )
  await chain.close()
  return formatAddress(miners[0] ?? ('' as never), 't')
}
