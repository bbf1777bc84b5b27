import { type ConfigOf, defineConfig, durationMs, queueSettings, secret } from '@sealane/host'
import { z } from 'zod'

const bytes = () => z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)

/** `provider run`. */
export const providerConfig = defineConfig(
  'provider',
  z.object({
    paths: z.object({
      state_dir: z
        .string()
        .default('/var/lib/sealane/provider')
        .describe('Database, identity key, staging, trash.'),
      runtime_dir: z.string().default('/run/sealane').describe('Operator socket; mode 0700.'),
    }),
    log: z.object({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least severe line that is written.'),
      file: z.string().optional().describe('Log file; standard error when absent.'),
    }),
    tls: z.object({
      dir: z
        .string()
        .default('/etc/sealane/tls')
        .describe('ca.crt, provider.crt and provider.key, made by "sealane certs".'),
      required: z
        .boolean()
        .default(true)
        .describe(
          'TLS to Redis on this machine too (a unix socket needs none). Off this machine, and for gRPC, pieces and hubs everywhere, it is always mutual TLS.',
        ),
    }),
    miner: z.object({
      address: z
        .string()
        .default('')
        .describe(
          'The miner whose deals are taken (f0…). Empty: the one set by "sealane provider set-miner"; until there is one, deals are refused.',
        ),
    }),
    chain: z.object({
      nodes: z
        .string()
        .describe(
          'Chain nodes in FULLNODE_API_INFO form, with read-only tokens: TOKEN:/ip4/…/tcp/1234/http[,…].',
        ),
    }),
    crossing: z.object({
      redis_url: z.string().describe('Redis here abroad, with the queues homeward and outward.'),
    }),
    queues: queueSettings(),
    pieces: z.object({
      listen: z
        .string()
        .default('0.0.0.0:7410')
        .describe('HTTPS with client certificates: home fetches pieces here. host:port.'),
    }),
    libp2p: z.object({
      listen: z
        .array(z.string())
        .default(['/ip4/0.0.0.0/tcp/24001'])
        .describe('Multiaddrs to listen on. TCP, with TLS and Noise.'),
      announce: z
        .array(z.string())
        .default([])
        .describe('Multiaddrs told to peers and set on chain, in place of those listened on.'),
      max_connections: z.int().positive().default(2000).describe('Connections in all.'),
      connections_per_second: z
        .int()
        .positive()
        .default(50)
        .describe('New connections a second from one host; above it they are refused.'),
      streams_per_protocol: z
        .int()
        .positive()
        .default(128)
        .describe('Streams of one protocol open at once on one connection.'),
      whitelist_peers: z
        .array(z.string())
        .default([])
        .describe('Multiaddrs or peer ids that are always let in.'),
      blacklist_peers: z.array(z.string()).default([]).describe('Peer ids that are never let in.'),
      only_white_peer: z
        .boolean()
        .default(false)
        .describe('Let nobody in who is not in whitelist_peers.')
        .meta({ flag: 'only-white-peer' }),
    }),
    deals: z.object({
      consider_online: z.boolean().default(true).describe('Take online deals.'),
      consider_offline: z.boolean().default(true).describe('Take offline deals.'),
      consider_verified: z
        .boolean()
        .default(false)
        .describe('Take verified deals. Home publishes none yet: one that is taken is refused there.'),
      consider_unverified: z.boolean().default(true).describe('Take unverified deals.'),
      piece_blocklist: z.array(z.string()).default([]).describe('Piece CIDs never taken.'),
      expected_seal_epochs: z
        .int()
        .nonnegative()
        .default(2880)
        .describe(
          'Deals that start sooner than this many epochs from now are refused. 2880 epochs of 30 s are a day.',
        ),
      max_start_delay_epochs: z
        .int()
        .nonnegative()
        .default(40320)
        .describe(
          'Online deals that start later than this, counted after expected_seal_epochs, are refused. 14 days.',
        ),
      collateral_allowance_atto_fil: z
        .string()
        .regex(/^\d+$/)
        .default('10000000000000000000')
        .describe(
          'Collateral that home may still add to market escrow for deals not yet published, in attoFIL.',
        ),
      filter_command: z
        .string()
        .default('')
        .describe(
          'Asked about each deal that is else acceptable: run by /bin/sh with the deal as JSON on its input, in the form of Boost’s filters. Exit 0 accepts; else what it printed is the reason the client reads. Empty: none.',
        ),
      filter_timeout: durationMs()
        .prefault('20s')
        .describe('A filter that takes longer is killed and the deal refused. A client waits 60 s.'),
      proposals_per_second: z
        .number()
        .positive()
        .default(50)
        .describe('Proposals a second taken from one peer, after a first burst of four times as many.'),
    }),
    ask: z.object({
      price_atto_fil: z
        .string()
        .regex(/^\d+$/)
        .default('500000000')
        .describe('Price of the first ask, in attoFIL per GiB and epoch. Later: "storage-deals set-ask".'),
      verified_price_atto_fil: z
        .string()
        .regex(/^\d+$/)
        .default('500000000')
        .describe('The same for verified deals.'),
      min_piece_size: bytes().default(256).describe('Smallest piece of the first ask, in padded bytes.'),
    }),
    staging: z.object({
      dir: z.string().default('').describe('Where bytes wait for home. Empty: <state_dir>/staging.'),
      max_bytes: bytes()
        .default(0)
        .describe('Bytes that accepted deals may take in staging; 0 = what the disk has less 5 %.'),
    }),
    transfer: z.object({
      concurrency: z.int().positive().default(20).describe('Transfers at once.'),
      per_host: z.int().positive().default(4).describe('Transfers at once from one host.'),
      stall_timeout: durationMs()
        .prefault('60s')
        .describe('A transfer without a byte for this long is begun again.'),
      retry_max_wait: durationMs()
        .prefault('10m')
        .describe('Longest pause before a transfer is tried again.'),
      allow_private_addresses: z
        .boolean()
        .default(false)
        .describe('Fetch from loopback and private networks too. For development networks.'),
      import_roots: z
        .array(z.string())
        .default([])
        .describe('Folders that import-data may read from. Empty: anywhere.'),
    }),
    operator: z.object({
      listen: z
        .string()
        .default('')
        .describe('Also serve the operator API over TCP with tokens: host:port. Empty: socket only.'),
      jwt_secret: secret().optional().describe('Secret of the tokens, or file:/path to read it from.'),
    }),
  }),
)
export type ProviderConfig = ConfigOf<typeof providerConfig>
