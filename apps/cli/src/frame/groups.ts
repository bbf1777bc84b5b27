import type { Command } from 'commander'
import type { Session } from './session.js'

interface Group {
  readonly name: string
  /** Another word for it, as operators know it. */
  readonly alias?: string
  readonly about: string
  readonly load: (session: Session) => Promise<Command>
}

/**
 * Every first word of the command line. A group's code is loaded when its word is used, so that `--help` costs nothing.
 */
export const groups: readonly Group[] = [
  {
    name: 'up',
    about: 'run the whole stack with an embedded chain and watch a deal to its proof (npm start)',
    load: async () => (await import('../up/up-command.js')).upCommand(),
  },
  {
    name: 'storage-deals',
    about:
      'the provider’s deals and terms: list, get-ask, set-ask, selection, import-data, pending-publish, cancel',
    load: async (session) => (await import('../commands/storage-deals.js')).storageDealsCommand(session),
  },
  {
    name: 'transfers',
    alias: 'data-transfers',
    about: 'the provider’s inbound transfers: list, restart, pause, resume, cancel',
    load: async (session) => (await import('../commands/transfers.js')).transfersCommand(session),
  },
  {
    name: 'deals',
    about: 'one deal across all apps: why does it wait, find it by any id',
    load: async (session) => (await import('../commands/deals.js')).dealsCommand(session),
  },
  {
    name: 'net',
    about: 'the provider’s libp2p host: id, listen, connect, peers, ping, reachability, block, protect',
    load: async (session) => (await import('../commands/net.js')).netCommand(session),
  },
  {
    name: 'provider',
    about: 'the provider itself: info, set-miner',
    load: async (session) => (await import('../commands/provider.js')).providerCommand(session),
  },
  {
    name: 'info',
    about: 'the miner at a glance: chain, power, balances, sectors, workers',
    load: async (session) => (await import('../commands/info.js')).infoCommand(session),
  },
  {
    name: 'sectors',
    about: 'sectors: list, status, log, pledge, seal, release, unseal, refs, expired, numbers, batching',
    load: async (session) => (await import('../commands/sectors.js')).sectorsCommand(session),
  },
  {
    name: 'sealing',
    about: 'sealing work: jobs, workers, set-limits, limits-log, sched-diag',
    load: async (session) => (await import('../commands/sealing.js')).sealingCommand(session),
  },
  {
    name: 'pieces',
    about: 'deals’ data at home: list, release',
    load: async (session) => (await import('../commands/pieces.js')).piecesCommand(session),
  },
  {
    name: 'storage',
    about: 'storage paths and the trash: list, find, trash, purge',
    load: async (session) => (await import('../commands/storage.js')).storageCommand(session),
  },
  {
    name: 'proving',
    about: 'WindowPoSt: info, deadlines, deadline, partitions, faults, check, workers',
    load: async (session) => (await import('../commands/proving.js')).provingCommand(session),
  },
  {
    name: 'messages',
    about: 'messages of the miner app: list, show',
    load: async (session) => (await import('../commands/messages.js')).messagesCommand(session),
  },
  {
    name: 'mpool',
    about: 'the chain node’s message pool: pending, stat, find, config, gas-perf, replace, sub',
    load: async (session) => (await import('../commands/mpool.js')).mpoolCommand(session),
  },
  {
    name: 'market',
    about: 'the miner’s market escrow: balance, add, withdraw',
    load: async (session) => (await import('../commands/market.js')).marketCommand(session),
  },
  {
    name: 'actor',
    about: 'the miner actor: info, set-addrs, set-peer-id, control',
    load: async (session) => (await import('../commands/actor.js')).actorCommand(session),
  },
  {
    name: 'miner',
    about: 'create the miner actor: init',
    load: async (session) => (await import('../commands/miner.js')).minerCommand(session),
  },
  {
    name: 'wallet',
    about: 'the miner’s keys: new, list, balance, import, export',
    load: async (session) => (await import('../commands/wallet.js')).walletCommand(session),
  },
  {
    name: 'chain',
    about: 'the chain: head, list, getmessage',
    load: async (session) => (await import('../commands/chain.js')).chainCommand(session),
  },
  {
    name: 'state',
    about:
      'the chain’s state: miner-info, get-actor, sector, sectors, deal, power, list-miners, lookup, market, search-msg',
    load: async (session) => (await import('../commands/state.js')).stateCommand(session),
  },
  {
    name: 'sync',
    about: 'whether the chain node has caught up: status, wait',
    load: async (session) => (await import('../commands/sync.js')).syncCommand(session),
  },
  {
    name: 'client',
    about: 'make deals as a client does: import, deal, list-deals, deal-status, query-ask, market-add, send',
    load: async (session) => (await import('../commands/client.js')).clientCommand(session),
  },
  {
    name: 'devnet',
    about: 'the embedded chain: info, advance, fund',
    load: async (session) => (await import('../commands/devnet.js')).devnetCommand(session),
  },
  {
    name: 'certs',
    about: 'certificates between machines: init, issue, renew, list',
    load: async (session) => (await import('../commands/certs.js')).certsCommand(session),
  },
  {
    name: 'auth',
    about: 'tokens for the provider’s operator API over TCP: create-token, api-info',
    load: async (session) => (await import('../commands/auth.js')).authCommand(session),
  },
  {
    name: 'backup',
    about: 'copy the apps’ databases and keys, consistently, while they run',
    load: async (session) => (await import('../commands/backup.js')).backupCommand(session),
  },
  {
    name: 'doctor',
    about: 'check this machine and what runs on it, one line each, with what to do',
    load: async (session) => (await import('../commands/doctor.js')).doctorCommand(session),
  },
  {
    name: 'completion',
    about: 'shell completion of commands, flags and live ids: bash, zsh, fish',
    load: async (session) => (await import('../commands/completion.js')).completionCommand(session),
  },
  {
    name: 'version',
    about: 'versions of the chain node and of this command',
    load: async (session) => (await import('../commands/version.js')).versionCommand(session),
  },
]
