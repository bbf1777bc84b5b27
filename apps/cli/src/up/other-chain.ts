import {
  type Address,
  formatAddress,
  keyAddress,
  type NetworkPolicy,
  networkNamed,
  PolicyError,
  policyFor,
} from '@sealane/actors'
import {
  ChainError,
  type ChainPort,
  createChainClient,
  type Json,
  parseApiInfo,
  rpcCall,
} from '@sealane/chain'
import { type KeyInfo, publicKey } from '@sealane/crypto'
import { type AttoFil, formatFil, formatSize } from '@sealane/fil-units'
import { checkParameters, isDevnet, type KeySet, keySetFor, ProofError } from '@sealane/proofs'
import { CliError } from '../cli-error.js'

/** What was found out about a chain that is not ours, before anything is made or spent on it. */
export interface OtherChain {
  /** FULLNODE_API_INFO, as given. */
  readonly nodes: string
  /** The same for the provider abroad: without a token that could send or sign, where the node allows that. */
  readonly readOnlyNodes: string
  readonly networkName: string
  /** CIDs of the genesis tipset, joined: what a state belongs to. */
  readonly genesis: string
  readonly policy: NetworkPolicy
  readonly blockDelaySeconds: number
}

/** A head older than so many epochs is a node that still syncs. */
const STALE_EPOCHS = 10

/** The chain refuses this run: one line with what is wrong and what to do. */
function refused(what: string, reason: string): CliError {
  return new CliError({ code: 'CHAIN_UNFIT', what }, reason)
}

/**
 * Asks each node who it is. Throws CliError CHAIN_UNFIT with one line when it does not answer, its token cannot send messages, its
 * network is mainnet or unknown, runs other rules than this release knows, or it has not synced.
 */
export async function checkNode(nodes: string): Promise<OtherChain> {
  const addresses = parseNodes(nodes)
  for (const { shown, token } of addresses) await requireWrite(partOf(nodes, shown), shown, token)
  const chain = createChainClient({ nodes, timeoutMs: 10_000 })
  try {
    const [networkName, version, genesis, networkVersion, params, head] = await Promise.all([
      chain.networkName(),
      chain.version(),
      chain.genesis(),
      chain.networkVersion(),
      chain.networkParams(),
      chain.head(),
    ])
    const policy = rulesOf(networkName, version.version, networkVersion)
    if (params.preCommitChallengeDelay !== policy.preCommitChallengeDelay) {
      throw refused(
        'rules',
        `the network ${networkName} draws seeds ${params.preCommitChallengeDelay} epochs after a pre-commit, ${policy.name} rules say ${policy.preCommitChallengeDelay}: this release does not know its rules`,
      )
    }
    const behind = Math.floor(Date.now() / 1000) - (head.blocks[0]?.timestamp ?? 0)
    // The embedded devnet's clock is not the wall's.
    if (!isDevnet(networkName) && behind > STALE_EPOCHS * params.blockDelaySeconds) {
      throw refused(
        'sync',
        `the node's head (epoch ${head.height}) is ${Math.round(behind / 60)} minutes old: wait until "lotus sync wait" is done`,
      )
    }
    return {
      nodes,
      readOnlyNodes: await readOnly(nodes),
      networkName,
      genesis: genesis.key.join(','),
      policy,
      blockDelaySeconds: params.blockDelaySeconds,
    }
  } catch (error) {
    throw error instanceof ChainError
      ? refused('node', `the chain node's answer is not lotus': ${error.message}`)
      : error
  } finally {
    await chain.close()
  }
}

function parseNodes(nodes: string) {
  try {
    return parseApiInfo(nodes)
  } catch (error) {
    const reason = error instanceof ChainError ? error.text : String(error)
    throw refused('address', `--chain takes what "lotus auth api-info --perm admin" prints: ${reason}`)
  }
}

/** One node of FULLNODE_API_INFO, by its address. */
function partOf(nodes: string, shown: string): string {
  return nodes.split(',').find((part) => part.trim().endsWith(shown)) ?? nodes
}

/**
 * A lotus node says what a token allows. A service for many (a gateway) takes pushed messages from anybody and has no such call: it is
 * taken as it is, and a push that it refuses is told by the messager.
 */
async function requireWrite(node: string, shown: string, token: string | undefined): Promise<void> {
  const advice = 'make one with "lotus auth create-token --perm admin" and write it as TOKEN:ADDRESS'
  let allowed: Json
  try {
    await rpcCall(node, 'Filecoin.Version', [], 10_000)
    allowed = await rpcCall(node, 'Filecoin.AuthVerify', [token ?? ''], 10_000)
  } catch (error) {
    if (!(error instanceof ChainError)) throw error
    if (error.code === 'NO_METHOD') return
    if (error.code === 'BUSY') {
      throw refused(
        'node',
        `${shown} is asked too much: ${error.text}. Wait a while, or give a node of your own with --chain`,
      )
    }
    if (token === undefined && !unheard.includes(error.code)) throw noToken(shown, advice)
    if (error.code === 'REFUSED' || /JWT/.test(error.text))
      throw refused('token', `${shown} does not accept the token of --chain: ${advice}`)
    throw refused('node', `no chain node answers at ${shown} (${error.text}): start it, or correct --chain`)
  }
  if (token === undefined) throw noToken(shown, advice)
  const permissions = Array.isArray(allowed) ? allowed.map(String) : []
  if (!permissions.includes('write')) {
    const has = permissions.join(', ') || 'nothing'
    throw refused(
      'token',
      `the token of --chain for ${shown} allows ${has}; sending messages needs write: ${advice}`,
    )
  }
}

/** Nobody said anything about our token. */
const unheard: readonly string[] = ['NODE_DOWN', 'TIMEOUT', 'MALFORMED', 'TOO_LARGE', 'NODES_INVALID']

function noToken(shown: string, advice: string): CliError {
  return refused('token', `--chain has no token for ${shown}: ${advice}`)
}

function rulesOf(networkName: string, nodeVersion: string, networkVersion: number): NetworkPolicy {
  try {
    const name = networkNamed(networkName, nodeVersion)
    if (name === 'mainnet') {
      throw refused(
        'mainnet',
        'this node is on mainnet: npm start is for first runs, its keys and limits are not made for real money. Try calibration or a lotus 2k network; for mainnet start each app by its own settings (docs/guide/split-site.md)',
      )
    }
    return policyFor(name, networkVersion)
  } catch (error) {
    throw error instanceof PolicyError ? refused('rules', error.message) : error
  }
}

/** Reading needs no token on lotus; a gateway may want one. */
async function readOnly(nodes: string): Promise<string> {
  const bare = parseNodes(nodes)
    .map(({ shown }) => shown)
    .join(',')
  const plain = createChainClient({ nodes: bare, timeoutMs: 10_000 })
  try {
    await plain.head()
    return bare
  } catch {
    return nodes
  } finally {
    await plain.close()
  }
}

/** Throws CliError CHAIN_UNFIT when the network does not take sectors of this size, or not with this prover. */
export async function checkSectors(
  other: OtherChain,
  o: { sectorSize: number; prover: 'real' | 'trapdoor' },
): Promise<void> {
  const { policy, networkName, nodes } = other
  const name = formatSize(BigInt(o.sectorSize))
  const sizes = policy.sectorSizes.map((size) => formatSize(size)).join(' or ')
  if (!policy.sectorSizes.includes(BigInt(o.sectorSize)))
    throw refused('sector size', `${networkName} takes sectors of ${sizes}, not ${name}: say --sector-size`)
  // Lotus told the proofs it takes until v1.32; then the list is held against ours.
  const params = await rpcCall(nodes, 'Filecoin.StateGetNetworkParams', [])
  const supported =
    typeof params === 'object' && params !== null && 'SupportedProofTypes' in params
      ? (params.SupportedProofTypes as Json)
      : undefined
  const wanted = policy.allowedSealProofs[policy.sectorSizes.indexOf(BigInt(o.sectorSize)) * 2]
  // 0–4 were the first versions of 5–9: the list names sizes by them.
  const same = (proof: Json) => wanted !== undefined && Number(proof) % 5 === wanted % 5
  if (Array.isArray(supported) && !supported.some(same))
    throw refused(
      'proofs',
      `the node's network params do not allow proofs of ${name} sectors: say --sector-size`,
    )
  if (o.prover === 'trapdoor' && !isDevnet(networkName)) {
    throw refused(
      'prover',
      `the trapdoor prover works on Sealane's own devnet only, ${networkName} needs real proofs: leave --prover out`,
    )
  }
}

/** The key set the network takes, with all the files that this sector size needs. Throws CliError CHAIN_UNFIT naming the file. */
export async function checkKeys(
  other: OtherChain,
  o: {
    directory: string | undefined
    sectorSize: number
    prover: 'real' | 'trapdoor'
    progress: (stage: string, fraction: number) => void
    signal: AbortSignal
  },
): Promise<KeySet> {
  try {
    const keySet = keySetFor({ name: other.networkName, policy: other.policy.name }, o.directory)
    await checkParameters({
      keySet,
      sectorSize: BigInt(o.sectorSize),
      prover: o.prover,
      signal: o.signal,
      onProgress: ({ stage, fraction }) => o.progress(stage, fraction ?? 0),
    })
    return keySet
  } catch (error) {
    if (!(error instanceof ProofError)) throw error
    throw refused('parameters', `--params: ${error.message}`)
  }
}

/** Throws CliError CHAIN_UNFIT when the key cannot pay for what the run will send. */
export async function checkFunds(
  chain: ChainPort,
  o: { owner: KeyInfo; needs: AttoFil; prefix: 'f' | 't'; what: string },
): Promise<Address> {
  const address = keyAddress(o.owner.type, publicKey(o.owner))
  const has = await chain.walletBalance(address)
  if (has >= o.needs) return address
  throw refused(
    'funds',
    `the key's address ${formatAddress(address, o.prefix)} has ${formatFil(has)}, the run needs ${formatFil(o.needs)} (${o.what}): send it more`,
  )
}
