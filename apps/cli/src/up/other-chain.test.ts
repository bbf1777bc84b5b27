import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyAddress } from '@sealane/actors'
import { createChainClient, rpcCall } from '@sealane/chain'
import { exportKey, generateKey, publicKey } from '@sealane/crypto'
import { parseFil } from '@sealane/fil-units'
import { devnetKeySet } from '@sealane/proofs'
import { temporaryDirectory, until } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { runningDevnet } from '../testing/running-devnet.js'
import { recordedNetwork, scriptedNode, tipSetJson } from '../testing/scripted-node.js'
import { checkOutside } from './check-outside.js'
import { checkNode, checkSectors } from './other-chain.js'
import { readOwnerKey } from './owner-key.js'
import { knownChain, placesOf, settleChain, settleSectorSize } from './state-dir.js'
import { Teller } from './teller.js'
import { parseUpOptions } from './up-options.js'

const key = generateKey('secp256k1', new Uint8Array(32).fill(9))
const address = keyAddress(key.type, publicKey(key))

const block = 'bafy2bzacebubn67ganpbblrsnypgz6q37sledk5g3ibqs67d4hzqyj4s7ltv2'
const headAt = (timestamp: number) => tipSetJson({ height: 5, cid: block, parent: block, timestamp })

const answering = {
  AuthVerify: ['read', 'write', 'sign', 'admin'],
  ChainGetGenesis: headAt(1_795_353_793),
  ChainHead: headAt(Math.floor(Date.now() / 1000)),
}

/** As lotus says it of no token, and of one that is not its own. */
const jwtFailed = () => {
  throw new Error('JWT Verification failed (HEADER: Bearer ): jwt: malformed token')
}

/** A node of somebody's, with what `change` says of it. */
async function node(change: Record<string, unknown>): Promise<string> {
  const script = { ...recordedNetwork, ...answering, ...change }
  return `token:${(await scriptedNode(script)).FULLNODE_API_INFO}`
}

describe('another chain, before anything is spent', () => {
  it('is a lotus 2k network by its node’s build, whatever its name', async () => {
    const nodes = await node({ StateNetworkName: 'localnet-6d3c0b40-0e02-4f0b-8f5b-0cdd1e9d2e11' })
    const other = await checkNode(nodes)
    expect(other).toMatchObject({
      policy: { name: 'devnet-2k' },
      readOnlyNodes: nodes.slice('token:'.length),
    })
    await expect(checkSectors(other, { sectorSize: 2 ** 35, prover: 'real' })).rejects.toThrow(
      /takes sectors of 2 KiB or 8 MiB, not 32 GiB: say --sector-size/,
    )
    await expect(checkSectors(other, { sectorSize: 2048, prover: 'trapdoor' })).rejects.toThrow(
      /Sealane's own devnet only/,
    )
  })

  it.each([
    ['mainnet', { StateNetworkName: 'mainnet' }, /this node is on mainnet.*split-site\.md/],
    [
      'another network version',
      { StateNetworkVersion: 27 },
      /runs network version 27; this release knows the rules of 28/,
    ],
    [
      'a stranger',
      {
        StateNetworkName: 'butterflynet',
        Version: { ...(recordedNetwork.Version as object), Version: '1.36.0+butterflynet' },
      },
      /does not know the rules of the network "butterflynet"/,
    ],
    [
      'other rules',
      {
        StateGetNetworkParams: {
          ...(recordedNetwork.StateGetNetworkParams as object),
          PreCommitChallengeDelay: 150,
        },
      },
      /draws seeds 150 epochs after/,
    ],
    ['a node that syncs', { ChainHead: headAt(1_000_000_000) }, /minutes old: wait until "lotus sync wait"/],
    ['a token that only reads', { AuthVerify: ['read'] }, /allows read; sending messages needs write/],
  ])('%s is refused in one line', async (_, change, line) => {
    await expect(checkNode(await node(change))).rejects.toThrow(line)
  })

  it('takes proofs of the size asked for, where the node tells', async () => {
    const params = { ...(recordedNetwork.StateGetNetworkParams as object), SupportedProofTypes: [5] }
    const other = await checkNode(await node({ StateGetNetworkParams: params }))
    await checkSectors(other, { sectorSize: 2048, prover: 'real' })
    await expect(checkSectors(other, { sectorSize: 2 ** 23, prover: 'real' })).rejects.toThrow(
      /do not allow proofs of 8 MiB sectors/,
    )
  })

  it('answers at all, and is given a token', async () => {
    await expect(checkNode('t:/ip4/127.0.0.1/tcp/9/http')).rejects.toThrow(
      /no chain node answers at .*9\/http/,
    )
    await expect(checkNode('/ip4/127.0.0.1/tcp/9/http')).rejects.toThrow(/no chain node answers/)
    await expect(checkNode('nonsense')).rejects.toThrow(/lotus auth api-info/)
    const nodes = await node({ AuthVerify: jwtFailed })
    await expect(checkNode(nodes.slice('token:'.length))).rejects.toThrow(/has no token for .*create-token/)
    await expect(checkNode(nodes)).rejects.toThrow(/does not accept the token of --chain/)
  })

  it('may be a service for many, which verifies no tokens', async () => {
    const { AuthVerify: _none, ...others } = { ...recordedNetwork, ...answering }
    const { FULLNODE_API_INFO: nodes } = await scriptedNode(others)
    expect(await checkNode(nodes)).toMatchObject({ networkName: 'localnet-2k', readOnlyNodes: nodes })
  })

  it('says when it is asked too much', async () => {
    const busy = () => {
      throw new Error('rate limit exceeded')
    }
    await expect(checkNode(await node({ Version: busy }))).rejects.toThrow(
      /is asked too much: rate limit exceeded\. Wait a while, or give a node of your own/,
    )
  }, 20_000)
})

describe('another devnet', () => {
  const devnet = runningDevnet()
  const room = temporaryDirectory()
  const keyFile = join(room, 'owner.key')
  writeFileSync(keyFile, exportKey(key))

  async function check(params: string, file = keyFile) {
    const other = await checkNode(devnet.nodes())
    const options = parseUpOptions({
      chain: devnet.nodes(),
      key: file,
      params,
      workers: '1',
      dealConcurrent: '2',
      prover: 'trapdoor',
      json: true,
    })
    return await checkOutside({
      options,
      other,
      places: placesOf(join(room, 'home')),
      sectorSize: 2048,
      parts: [],
      teller: new Teller(false, process.stderr),
      signal: AbortSignal.timeout(30_000),
    })
  }

  it('is fit once its proof keys are whole and the key can pay', async () => {
    const keys = devnetKeySet().directory
    const damaged = mkdtempSync(join(room, 'keys-'))
    const [first = '', ...rest] = readdirSync(keys).filter((name) => name.endsWith('.vk'))
    for (const name of rest) writeFileSync(join(damaged, name), readFileSync(join(keys, name)))
    writeFileSync(join(damaged, first), 'something else')
    await expect(check(damaged)).rejects.toThrow(`${join(damaged, first)} is not the devnet one`)
    await expect(check(keys, join(room, 'nothing'))).rejects.toThrow(/--key: .* cannot be read \(ENOENT\)/)
    await expect(check(keys)).rejects.toThrow(/has 0 FIL, the run needs 1\.\d+ FIL .*: send it more/)

    await rpcCall(devnet.nodes(), 'Devnet.FundTo', [address, String(parseFil('50'))])
    const chain = createChainClient({ nodes: devnet.nodes() })
    await until(
      'the key to be funded',
      () => chain.walletBalance(address),
      (balance) => balance > 0n,
      { deadlineMs: 30_000 },
    )
    await chain.close()
    const fit = await check(keys)
    expect(fit).toMatchObject({ paramsDir: keys, state: { owner: `t${address.slice(1)}` } })
    expect(fit.readOnlyNodes).not.toContain('eyJ')
  })
})

describe('a key file', () => {
  const file = join(temporaryDirectory(), 'key')
  const read = (text: string) => {
    writeFileSync(file, text)
    return readOwnerKey(file)
  }

  it('is hex or JSON, and its text is never shown', () => {
    expect(read(`${exportKey(key)}\n`)).toEqual(key)
    expect(read(Buffer.from(exportKey(key), 'hex').toString())).toEqual(key)
    expect(() => read('secret-text')).toThrow(/is no exported key .*lotus wallet export/)
    expect(() => read('secret-text')).not.toThrow(/secret-text/)
  })
})

describe('a state', () => {
  const chain = { network: 'localnet-2k', genesis: 'bafy2bzace', owner: 't1owner' }

  it('lives on one chain, with one owner', async () => {
    const places = placesOf(join(temporaryDirectory(), 'other'))
    await settleChain(places, chain)
    await settleSectorSize(places, 2048)
    await settleChain(places, chain)
    expect(knownChain(places)).toEqual(chain)
    await expect(settleChain(places, undefined)).rejects.toThrow(
      /belongs to localnet-2k with the owner t1owner, not to the embedded devnet: add --fresh/,
    )
    await expect(settleChain(places, { ...chain, owner: 't1else' })).rejects.toThrow(
      /not to localnet-2k with the owner t1else/,
    )
  })

  it('of the embedded devnet goes on there only', async () => {
    const places = placesOf(join(temporaryDirectory(), 'own'))
    await settleChain(places, undefined)
    await settleSectorSize(places, 2048)
    await settleChain(places, undefined)
    await expect(settleChain(places, chain)).rejects.toThrow(/belongs to the embedded devnet/)
  })
})
