import type { Argument, Command, Option } from 'commander'
import type { KnownCommand } from '../frame/command-tree.js'
import type { IdKind } from './live-ids.js'

/** What can stand in a place: live ids, files, or these words. `none`: anything, and we cannot help. */
export type Choice = IdKind | 'files' | 'none' | readonly string[]

/** One node of the command line: what may follow its words. */
export interface CommandFacts {
  /** `sectors status`; empty for the first word. */
  readonly words: string
  readonly children: readonly string[]
  readonly flags: readonly string[]
  /** Flags that take a value, and what may stand there. */
  readonly valued: readonly (readonly [string, Choice])[]
  /** What may stand in each position; the last one may repeat. */
  readonly positions: readonly Choice[]
}

const deadlines = Array.from({ length: 48 }, (_, index) => String(index))

const byArgument: Readonly<Record<string, Choice>> = {
  sectorNum: 'sectors',
  sectorNumber: 'sectors',
  deal: 'deals',
  dealId: 'dealIds',
  messageCid: 'messages',
  minerAddress: 'miners',
  address: 'addresses',
  targetAddress: 'addresses',
  actorAddress: 'addresses',
  key: 'keys',
  addr: 'peers',
  peer: 'peerIds',
  peers: 'peerIds',
  addresses: 'blockedIps',
  subnets: 'blockedSubnets',
  file: 'files',
  dir: 'files',
  args: 'files',
  deadlineIdx: deadlines,
  shell: ['bash', 'zsh', 'fish'],
  role: ['provider', 'sealer', 'worker', 'miner', 'operator', 'redis'],
  type: ['bls', 'secp256k1'],
}

const byPlaceholder: Readonly<Record<string, Choice>> = {
  ADDRESS: 'addresses',
  FILE: 'files',
  DIR: 'files',
  WORKER: 'workers',
}

/** Every node, groups too, so that a shell can walk from word to word. */
export function commandFacts(known: readonly KnownCommand[]): CommandFacts[] {
  const children = new Map<string, Set<string>>()
  for (const { words } of known) {
    const parts = words.split(' ')
    for (const [index, part] of parts.entries()) {
      const above = parts.slice(0, index).join(' ')
      children.set(above, (children.get(above) ?? new Set()).add(part))
    }
  }
  const groups = [...children].map(([words, names]) => ({
    words,
    children: [...names],
    flags: words === '' ? ['--help', '--version'] : ['--help'],
    valued: [],
    positions: [],
  }))
  return [...groups, ...known.map(leaf)]
}

function leaf({ words, command }: KnownCommand): CommandFacts {
  return {
    words,
    children: [],
    flags: [...flagsOf(command), '--help'],
    valued: command.options
      .filter((option) => option.required && option.long !== undefined)
      .map((option) => [option.long ?? '', placeholder(option)] as const),
    positions: command.registeredArguments.map((argument) => position(words, argument)),
  }
}

function flagsOf(command: Command): string[] {
  return command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long]))
}

function placeholder(option: Option): Choice {
  const [, name = ''] = /<([A-Z]+)>/.exec(option.flags) ?? []
  return byPlaceholder[name] ?? 'none'
}

function position(words: string, argument: Argument): Choice {
  const name = argument.name()
  if (name === 'id') return words.startsWith('messages') ? 'messages' : 'deals'
  if (name === 'deal' && words.startsWith('pieces')) return 'pieces'
  return byArgument[name] ?? 'none'
}
