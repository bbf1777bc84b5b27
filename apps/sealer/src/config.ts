import { type ConfigOf, defineConfig, durationMs, queueSettings } from '@sealane/host'
import { z } from 'zod'

const paths = z.object({
  state_dir: z.string().default('/var/lib/sealane/sealer').describe('Database, pieces, hub and trash.'),
  runtime_dir: z.string().default('/run/sealane').describe('Operator sockets; mode 0700.'),
})
const log = z.object({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severe line that is written.'),
  file: z.string().optional().describe('Log file; standard error when absent.'),
})
const tls = z.object({
  dir: z
    .string()
    .default('/etc/sealane/tls')
    .describe('ca.crt and this role’s .crt and .key, made by "sealane certs".'),
  required: z
    .boolean()
    .default(true)
    .describe(
      'TLS to Redis on this machine too (a unix socket needs none). Off this machine, and for gRPC, pieces and hubs everywhere, it is always mutual TLS.',
    ),
})

const proofs = z.object({
  params_dir: z
    .string()
    .optional()
    .describe(
      'Proof parameters of the network: absent on the embedded devnet; the directory of "lotus fetch-params" on any other.',
    ),
})

/** `sealer run`: the coordinator. */
export const sealerConfig = defineConfig(
  'sealer',
  z.object({
    paths,
    log,
    tls,
    crossing: z.object({
      redis_url: z
        .string()
        .describe('Redis abroad, with the queues homeward and outward: rediss://user:password@host:port/0.'),
    }),
    home: z.object({ redis_url: z.string().describe('Redis at home, with the queues seal.* and post.*.') }),
    queues: queueSettings(),
    miner: z.object({ grpc: z.string().default('127.0.0.1:7420').describe('The miner app: host:port.') }),
    provider: z.object({
      pieces_url: z.string().describe('The provider’s piece server: https://host:port.'),
    }),
    grpc: z.object({
      listen: z.string().default('0.0.0.0:7430').describe('Where workers claim work: host:port.'),
    }),
    hub: z.object({
      listen: z.string().default('0.0.0.0:7431').describe('HTTPS for workers: pieces, C1 output.'),
    }),
    proofs,
    work: z.object({
      lease: durationMs()
        .prefault('45s')
        .describe('A worker not heard of for this long loses its claim, and the task is offered again.'),
      requeue_after: durationMs()
        .prefault('20s')
        .describe('A task that no worker has taken is queued again after this long: Redis may have lost it.'),
    }),
    intake: z.object({
      daily_offers: z
        .int()
        .positive()
        .default(20_000)
        .describe(
          'Deals that abroad may bring in a UTC day; over it they wait there. Bounds what a stolen box can leave here.',
        ),
    }),
    limits: z.object({
      enable_deal_sector: z
        .boolean()
        .default(true)
        .describe('Take deals into sectors.')
        .meta({ flag: 'enable_deal_sector' }),
      deal_concurrent: z
        .int()
        .nonnegative()
        .default(2)
        .describe('Deal sectors in flight at most, from the first piece until the ProveCommit proof exists.')
        .meta({ flag: 'deal-concurrent' }),
      total_num: z
        .int()
        .nonnegative()
        .default(0)
        .describe('Sectors of any kind in flight at most; 0 = no limit.')
        .meta({ flag: 'total_num' }),
      wait_deals: durationMs()
        .prefault('6h')
        .describe('How long a sector stays open for more deals.')
        .meta({ flag: 'wait-deals' }),
    }),
  }),
)
export type SealerConfig = ConfigOf<typeof sealerConfig>

/** What the coordinator starts with. */
export type SealerSettings = SealerConfig & {
  /** Keys of `[limits]` that came as flags: they win over what was set while running. */
  readonly flaggedLimits: readonly string[]
}

/** `sealer worker`. */
export const workerConfig = defineConfig(
  'worker',
  z.object({
    paths: z.object({
      state_dir: z.string().default('/var/lib/sealane/worker').describe('Scratch for portable tasks.'),
      runtime_dir: z
        .string()
        .default('/run/sealane')
        .describe('Lock files: two workers of one name on one machine are refused. Mode 0700.'),
      parent_cache: z
        .string()
        .default('')
        .describe(
          'SDR parents (56 GiB for 32GiB sectors), shared by all workers of a machine. Empty: in the cache directory.',
        ),
    }),
    log,
    tls,
    worker: z.object({
      name: z
        .string()
        .default('worker')
        .describe('Unique among the workers of a machine.')
        .meta({ flag: 'name' }),
      tasks: z
        .array(z.enum(['pc1', 'pc2', 'commit', 'finalize', 'post']))
        .default(['pc1', 'pc2', 'commit', 'finalize', 'post'])
        .describe('What it does. commit alone needs no storage path and takes only Commit2.')
        .meta({ flag: 'tasks' }),
      storage: z
        .array(z.string())
        .default([])
        .describe(
          'Storage paths it serves, in lotus’ layout. Each must exist; a new one gets its sectorstore.json.',
        )
        .meta({ flag: 'storage' }),
      prover: z
        .enum(['real', 'trapdoor'])
        .default('real')
        .describe('trapdoor works on development networks only.')
        .meta({ flag: 'prover' }),
    }),
    concurrency: z.object({
      pc1: z.int().positive().default(1).describe('PreCommit1 tasks at once.'),
      pc2: z.int().positive().default(1).describe('PreCommit2 tasks at once.'),
      commit: z.int().positive().default(1).describe('C1 and C2 tasks at once, each.'),
      finalize: z.int().positive().default(2).describe('Finalize tasks at once.'),
      post: z.int().positive().default(2).describe('WindowPoSt tasks at once.'),
    }),
    proofs,
    home: z.object({ redis_url: z.string().describe('Redis at home, with the queues seal.* and post.*.') }),
    queues: queueSettings(),
    sealer: z.object({
      grpc: z.string().default('127.0.0.1:7430').describe('The coordinator: host:port.'),
      hub: z.string().default('https://127.0.0.1:7431').describe('The coordinator’s hub.'),
    }),
    miner: z.object({
      grpc: z.string().default('127.0.0.1:7420').describe('The miner app: host:port. For WindowPoSt.'),
      hub: z.string().default('https://127.0.0.1:7421').describe('The miner app’s hub.'),
    }),
  }),
)
export type WorkerConfig = ConfigOf<typeof workerConfig>
