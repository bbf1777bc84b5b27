import { grpcChannel, grpcClient, type Identity } from '@sealane/host'
import { workV1 } from '@sealane/proto'
import type { WorkerConfig } from '../config.js'
import type { EmployerRole } from './results.js'

/** Who gives work: the coordinator for seal.*, the miner for post.*. */
export interface Employer {
  role: EmployerRole
  work: workV1.WorkServiceClient
  hubUrl: string
}

export function employerOf(role: EmployerRole, config: WorkerConfig, tls: Identity): Employer {
  const channel = grpcChannel({ address: config[role].grpc, tls, role })
  return { role, work: grpcClient(workV1.WorkServiceDefinition, channel), hubUrl: config[role].hub }
}
