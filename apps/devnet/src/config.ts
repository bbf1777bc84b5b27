import { type ConfigOf, defineConfig, durationMs } from '@sealane/host'
import { z } from 'zod'

/** `devnet run`. */
export const devnetConfig = defineConfig(
  'devnet',
  z.object({
    paths: z.object({
      state_dir: z
        .string()
        .default('/var/lib/sealane/devnet')
        .describe('The chain’s database, and the files api, token and token-read that clients need.')
        .meta({ flag: 'state-dir' }),
      runtime_dir: z
        .string()
        .default('/run/sealane')
        .describe('Not used by the devnet; the same key as everywhere.'),
    }),
    log: z.object({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least severe line that is written.'),
      file: z.string().optional().describe('Log file; standard error when absent.'),
    }),
    rpc: z.object({
      listen: z
        .string()
        .default('127.0.0.1:1234')
        .describe('Lotus JSON-RPC over HTTP and WebSocket: host:port; port 0 takes a free one.')
        .meta({ flag: 'listen' }),
    }),
    clock: z.object({
      mode: z
        .enum(['auto', 'wall', 'manual'])
        .default('auto')
        .describe(
          'auto: hurries while messages, seeds and first proofs are due, waits for WindowPoSts; wall: follows wall time; manual: only "devnet advance".',
        )
        .meta({ flag: 'clock' }),
      block_delay: durationMs()
        .prefault('1s')
        .describe('One epoch, in whole seconds. A chain keeps the one it was begun with.')
        .meta({ flag: 'block-delay' }),
      hold_limit: durationMs()
        .prefault('10m')
        .describe('The longest that the chain waits for the WindowPoSts of one deadline.')
        .meta({ flag: 'hold-limit' }),
    }),
    genesis: z.object({
      faucet_fil: z
        .int()
        .positive()
        .max(500_000_000)
        .default(100_000_000)
        .describe('What the faucet holds when a chain is begun. Unit: FIL.'),
    }),
    proofs: z.object({
      cache_dir: z
        .string()
        .optional()
        .describe('Where proof parameters are kept; $SEALANE_CACHE or ~/.cache/sealane when absent.'),
    }),
  }),
)

export type DevnetConfig = ConfigOf<typeof devnetConfig>
