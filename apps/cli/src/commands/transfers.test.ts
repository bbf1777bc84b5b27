import type { TransferRow } from '@sealane/proto'
import { expect, it } from 'vitest'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'

const row: TransferRow = {
  dealUuid: '6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11',
  signedProposalCid: 'bafyreifofhgup4nl754t6lcfkbk6gx5mvrxkcdfq6ckk7o4hozyu3bdena',
  rootCid: 'bafk2bzaceb4qutc7uc6lnonqkvgojt2kitxgfdcpmvwqku4agc45xzkezhnk2',
  state: 'Running',
  stateSinceMs: recordedNowMs - 60_000,
  createdMs: recordedNowMs - 90_000,
  from: 'files.example.com',
  offline: false,
  receivedBytes: String(12 << 20),
  totalBytes: String(1 << 30),
  tries: 0,
  nextTryMs: null,
  failure: null,
}
const failed: TransferRow = {
  ...row,
  dealUuid: '11111111-8a3f-4e2c-9a55-5f9a3f0f3b11',
  state: 'Waiting',
  tries: 3,
  nextTryMs: recordedNowMs + 16_000,
  failure: {
    code: 'TRANSFER_INTERRUPTED',
    remedy: 'retry',
    text: 'HTTP 503 from files.example.com (at byte 12582912)',
  },
}

it('transfers list prints lotus’ columns, and below a row what went wrong', async () => {
  const asked: unknown[] = []
  const env = await scriptedApps({
    provider: {
      'transfers.list': async (params) => {
        asked.push(params)
        return [row, failed]
      },
    },
  })
  const { out } = await runCommand('transfers list', env, { nowMs: recordedNowMs })
  const lines = out.split('\n').map((line) => line.trimEnd())
  expect(lines).toEqual([
    'Receiving Channels',
    '',
    'ID                                    Status   Receiving From     Root Cid     Initiated?  Transferred         Voucher',
    '6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11  Running  files.example.com  ...zkezhnk2  Y           12MiB of 1GiB (1%)  ...yu3bdena',
    '11111111-8a3f-4e2c-9a55-5f9a3f0f3b11  Waiting  files.example.com  ...zkezhnk2  Y           12MiB of 1GiB (1%)  ...yu3bdena',
    '  Message: TRANSFER_INTERRUPTED: HTTP 503 from files.example.com (at byte 12582912) (tried again by itself) (attempt 3, next try in 16s)',
    '',
  ])
  expect((await runCommand('data-transfers list', env, { nowMs: recordedNowMs })).out).toBe(out)
  await runCommand('transfers list --completed --show-failed --limit 5', env)
  expect(asked.at(-1)).toEqual({ completed: true, failed: true, limit: 5 })
})

it.each(['restart', 'pause', 'resume', 'cancel'] as const)('transfers %s names the deal', async (verb) => {
  const env = await scriptedApps({
    provider: {
      [`transfers.${verb}`]: async ({ id }: { id: string }) => ({ ...row, state: `${verb} of ${id}` }),
    },
  })
  expect((await runCommand(`transfers ${verb} 6f1c1f0e`, env)).out).toBe(
    `transfer of deal ${row.dealUuid}: ${verb} of 6f1c1f0e\n`,
  )
})
