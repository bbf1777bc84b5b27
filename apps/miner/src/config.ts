import { type AttoFil, parseFil } from '@sealane/fil-units'
import { type ConfigOf, defineConfig, durationMs } from '@sealane/host'
import { z } from 'zod'
import type { ClassCap, ClassCaps, DealCaps } from './policy/caps.js'

/** An amount such as "0.05 FIL"; the parsed value is in attoFIL. Give the default as text, by prefault. */
function fil() {
  return z.string().transform((text, context): AttoFil => {
    try {
      return parseFil(text)
    } catch (cause) {
      context.addIssue({ code: 'custom', message: cause instanceof Error ? cause.message : String(cause) })
      return z.NEVER
    }
  })
}

/** A byte count as a decimal number with an optional binary unit; the parsed value is in bytes. */
function bytes() {
  const units: Readonly<Record<string, bigint>> = {
    '': 1n,
    KiB: 1n << 10n,
    MiB: 1n << 20n,
    GiB: 1n << 30n,
    TiB: 1n << 40n,
    PiB: 1n << 50n,
  }
  return z.string().transform((text, context): bigint => {
    const match = /^(\d+)\s*((?:[KMGTP]iB)?)$/.exec(text)
    const unit = units[match?.[2] ?? '-']
    if (match?.[1] === undefined || unit === undefined) {
      context.addIssue({ code: 'custom', message: `"${text}" is not a size such as "10 TiB"` })
      return z.NEVER
    }
    return BigInt(match[1]) * unit
  })
}

/** `miner run`. Fee caps are lotus-miner's own defaults where it has one (node/config/def.go:186-203). */
export const minerConfig = defineConfig(
  'miner',
  z.object({
    paths: z.object({
      state_dir: z
        .string()
        .default('/var/lib/sealane/miner')
        .describe('Database, keystore and hub.')
        .meta({ flag: 'state-dir' }),
      runtime_dir: z
        .string()
        .default('/run/sealane')
        .describe('Operator socket; mode 0700.')
        .meta({ flag: 'runtime-dir' }),
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
        .describe('ca.crt, miner.crt and miner.key, made by "sealane certs".'),
      required: z
        .boolean()
        .default(true)
        .describe(
          'TLS to Redis on this machine too (a unix socket needs none). Off this machine, and for gRPC, pieces and hubs everywhere, it is always mutual TLS.',
        ),
    }),
    chain: z.object({
      nodes: z
        .string()
        .describe(
          'Lotus-speaking nodes as in FULLNODE_API_INFO: TOKEN:ADDRESS[,TOKEN:ADDRESS…]; messages go to all of them.',
        ),
    }),
    home: z.object({ redis_url: z.string().describe('Redis at home, with the queues post.*.') }),
    grpc: z.object({
      listen: z.string().default('0.0.0.0:7420').describe('Where the sealer and workers call: host:port.'),
    }),
    hub: z.object({
      listen: z.string().default('0.0.0.0:7421').describe('HTTPS for workers: vanilla proofs.'),
    }),
    miner: z.object({
      address: z
        .string()
        .optional()
        .describe('Our miner actor when it exists already; "sealane miner init" makes a new one.'),
    }),
    proofs: z.object({
      params_dir: z
        .string()
        .optional()
        .describe(
          'Proof parameters of the network: absent on the embedded devnet; the directory of "lotus fetch-params" on any other.',
        ),
    }),
    keystore: z.object({
      identity: z
        .string()
        .optional()
        .describe(
          'age X25519 identity that opens the keystore (0600, or a systemd credential); made in the keystore at first start when absent.',
        ),
    }),
    alert: z.object({
      command: z
        .string()
        .optional()
        .describe(
          'Run by /bin/sh for what cannot wait, with SEALANE_ALERT_CODE, _SUBJECT and _TEXT set and the same as JSON on standard input.',
        ),
    }),
    messages: z.object({
      repush_epochs: z
        .int()
        .positive()
        .default(10)
        .describe('Unconfirmed messages are pushed again, the same bytes, after this many epochs.'),
      replace_epochs: z
        .int()
        .positive()
        .default(10)
        .describe('A message not packed for this many epochs is replaced by fee, within its cap.'),
      replace_after: durationMs().prefault('30s').describe('… and no sooner than this.'),
      window: z.int().positive().max(100).default(20).describe('Messages of one sender under way at once.'),
    }),
    publish: z.object({
      max_deals: z.int().positive().max(100).default(8).describe('Deals in one publish message at most.'),
      period: durationMs()
        .prefault('1h')
        .describe('The longest a deal waits for others to share its message.'),
      start_pressure: z
        .int()
        .nonnegative()
        .default(2880)
        .describe('A deal starting within this many epochs does not wait. Unit: epochs.'),
      min_start: z
        .int()
        .nonnegative()
        .default(120)
        .describe('A deal starting sooner is refused. Unit: epochs.'),
      max_start: z
        .int()
        .positive()
        .default(90 * 2880)
        .describe('A deal starting later than this from now is refused. Unit: epochs of 30 s; 90 days.'),
      min_price: fil()
        .prefault('0.0000000005 FIL')
        .describe(
          'Least price per GiB and epoch of a deal, and of an ask that is signed here. An ask abroad may be higher; to take cheaper or free deals, lower this first.',
        ),
      max_collateral: fil().prefault('1 FIL').describe('Provider collateral of one deal at most.'),
      daily_collateral: fil()
        .prefault('100 FIL')
        .describe('Provider collateral of all deals in a UTC day; over it deals are held.'),
      daily_bytes: bytes().prefault('1 PiB').describe('Padded bytes of all deals in a UTC day.'),
      client_daily_collateral: fil().prefault('50 FIL').describe('The same for each client.'),
      client_daily_bytes: bytes().prefault('500 TiB').describe('The same for each client.'),
    }),
    sectors: z.object({
      cc_lifetime: z
        .int()
        .positive()
        .default(540)
        .describe('Life of a sector without deals. Unit: days of 2880 epochs.'),
    }),
    proving: z.object({
      vanilla_budget: durationMs()
        .optional()
        .describe(
          'How long vanilla proofs are waited for before a sector is skipped; half the window when absent. Longer while less than half of a partition has come and there is time.',
        ),
      fault_check_lead: durationMs()
        .prefault('30m')
        .describe(
          'How long before a deadline’s fault cutoff all its sectors are read once, so that bad ones are declared (method 10) and not skipped; 0s: never.',
        ),
      recovery_lead: durationMs()
        .prefault('1h')
        .describe('How long before its deadline a faulty sector is read again and declared recovered.'),
      submit_confidence: z
        .int()
        .nonnegative()
        .default(4)
        .describe('Epochs after a deadline opens before its proof is sent.'),
    }),
    policy: z.object({
      window_post_fee: fil()
        .prefault('5 FIL')
        .describe('Fee of one WindowPoSt at most; it may use all of it, a proof must not wait.'),
      declare_fee: fil().prefault('0.5 FIL').describe('Fee of one fault or recovery declaration at most.'),
      pre_commit_fee: fil().prefault('0.025 FIL').describe('Fee of one PreCommit at most.'),
      prove_commit_fee: fil().prefault('0.05 FIL').describe('Fee of one ProveCommit at most.'),
      publish_fee: fil().prefault('0.05 FIL').describe('Fee of one publish message at most.'),
      other_fee: fil().prefault('0.07 FIL').describe('Fee of any other message at most.'),
      daily_fee: fil()
        .prefault('20 FIL')
        .describe('Fee caps signed for each class in a UTC day, WindowPoSt excepted.'),
      max_deposit: fil()
        .prefault('10 FIL')
        .describe('Deposit or pledge sent with one sector message at most.'),
      daily_deposit: fil()
        .prefault('5000 FIL')
        .describe('The same in a UTC day, for each of PreCommit and ProveCommit.'),
      max_market_add: fil().prefault('100 FIL').describe('One top-up of market escrow at most.'),
      daily_market_add: fil().prefault('200 FIL').describe('All top-ups in a UTC day.'),
      max_fund: fil().prefault('500 FIL').describe('One payment from the owner to a key of ours at most.'),
      daily_fund: fil().prefault('1000 FIL').describe('All of those in a UTC day.'),
      fund_addresses: z
        .array(z.string())
        .default([])
        .describe('Addresses beside our own keys that the owner may pay.'),
      daily_asks: z.int().positive().default(100).describe('Storage asks signed in a UTC day.'),
      max_creation: fil().prefault('100 FIL').describe('Deposit of a new miner at most.'),
    }),
  }),
)
export type MinerConfig = ConfigOf<typeof minerConfig>

/** What each class of message may cost, from the configuration. */
export function classCaps(policy: MinerConfig['policy']): ClassCaps {
  const none = 0n as AttoFil
  const plain = (maxFee: AttoFil): ClassCap => ({
    maxFee,
    maxValue: none,
    dailyValue: none,
    dailyFee: policy.daily_fee,
  })
  const money = (maxFee: AttoFil, maxValue: AttoFil, dailyValue: AttoFil): ClassCap => ({
    maxFee,
    maxValue,
    dailyValue,
    dailyFee: policy.daily_fee,
  })
  return {
    windowPost: { ...plain(policy.window_post_fee), dailyFee: undefined },
    recoveries: plain(policy.declare_fee),
    faults: plain(policy.declare_fee),
    gapFill: plain(policy.other_fee),
    proveCommit: money(policy.prove_commit_fee, policy.max_deposit, policy.daily_deposit),
    preCommit: money(policy.pre_commit_fee, policy.max_deposit, policy.daily_deposit),
    publish: plain(policy.publish_fee),
    marketAdd: money(policy.other_fee, policy.max_market_add, policy.daily_market_add),
    marketWithdraw: plain(policy.other_fee),
    createMiner: money(policy.other_fee, policy.max_creation, policy.max_creation),
    control: plain(policy.other_fee),
    minerInfo: plain(policy.other_fee),
    fund: money(policy.other_fee, policy.max_fund, policy.daily_fund),
  }
}

export function dealCaps(publish: MinerConfig['publish']): DealCaps {
  return {
    collateral: publish.daily_collateral,
    bytes: publish.daily_bytes,
    clientCollateral: publish.client_daily_collateral,
    clientBytes: publish.client_daily_bytes,
  }
}
