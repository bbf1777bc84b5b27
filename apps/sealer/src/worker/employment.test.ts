import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createAuthority,
  grpcChannel,
  grpcClient,
  grpcService,
  Health,
  issueCertificate,
  loadIdentity,
  serveGrpc,
  silentLog,
} from '@sealane/host'
import { devnetKeySet } from '@sealane/proofs'
import { workV1 } from '@sealane/proto'
import { temporaryDirectory } from '@sealane/testkit'
import { expect, it } from 'vitest'
import type { WorkerConfig } from '../config.js'
import { Employment } from './employment.js'
import { Results } from './results.js'
import { openStoragePath } from './storage-path.js'

it('never tells the miner that a path with sectors is empty, though it does not know their names at first', async () => {
  const dir = temporaryDirectory()
  const tlsDir = join(dir, 'tls')
  await createAuthority(tlsDir)
  for (const role of ['miner', 'worker'] as const) await issueCertificate(tlsDir, { role })
  const keySet = devnetKeySet()
  const heard: workV1.RegisterRequest[] = []
  const refuse = async () => Promise.reject(new Error('not asked for'))
  const miner: workV1.WorkServiceImplementation = {
    register: async (request) => {
      heard.push(request)
      return {
        miner: 't01000',
        networkName: 'sealane-devnet-test',
        sectorSize: 2048,
        keySetDigest: keySet.digest,
        heartbeatMs: 1_000,
        refusal: '',
        retiredClaims: [],
      }
    },
    claim: refuse,
    heartbeat: refuse,
    complete: refuse,
    release: refuse,
  }
  const grpc = await serveGrpc({
    services: [grpcService(workV1.WorkServiceDefinition, miner, ['worker'])],
    address: '127.0.0.1:0',
    tls: loadIdentity(tlsDir, 'miner'),
    log: silentLog(),
  })
  const path = join(dir, 'storage')
  mkdirSync(path)
  const storage = await openStoragePath(path)
  writeFileSync(join(path, 'sealed', 's-t01000-5'), '')
  const abort = new AbortController()
  const channel = grpcChannel({
    address: `127.0.0.1:${grpc.port}`,
    tls: loadIdentity(tlsDir, 'worker'),
    role: 'miner',
  })
  const employment = new Employment({
    workerId: 'w',
    session: 's',
    config: {
      worker: { tasks: ['post'], prover: 'trapdoor' },
      concurrency: { post: 1 },
    } as unknown as WorkerConfig,
    employer: { role: 'miner', work: grpcClient(workV1.WorkServiceDefinition, channel), hubUrl: '' },
    storage: [storage],
    keySet,
    results: new Results(join(dir, 'state')),
    hired: () => abort.abort(),
    doing: () => ({ stage: '', fraction: 0 }),
    lamp: new Health().room('miner'),
    log: silentLog(),
    signal: abort.signal,
  })
  await employment.serve()
  await grpc.close()
  const told = heard.flatMap(({ paths }) => paths.map(({ id, sectors }) => ({ id, sectors })))
  expect(told).toEqual([{ id: storage.id, sectors: [{ sectorNumber: 5, finalized: true }] }])
})
