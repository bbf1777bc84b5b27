export { type Alerts, createAlerts } from './app/alerts.js'
export { exitCodeOf, HALT_EXIT_CODE, halt, plainLine } from './app/halt.js'
export { Health, type HealthReport, type HealthRoom } from './app/health.js'
export { CONFIG, hostModule, InjectConfig } from './app/host-module.js'
export { Metrics } from './app/metrics.js'
export { type Repeated, repeatedly } from './app/repeatedly.js'
export { type RunAppOptions, type RunningApp, runApp, STOP_BUDGET_MS } from './app/run-app.js'
export { checkConfig, defaultConfigFile } from './config/config-file.js'
export {
  type ConfigDefinition,
  type ConfigOf,
  type ConfigSchema,
  defineConfig,
} from './config/define-config.js'
export { durationMs, secret } from './config/fields.js'
export { hostAndPort } from './config/host-and-port.js'
export { type LoadedConfig, loadConfig } from './config/load-config.js'
export { Secret } from './config/secret.js'
export { CodedError, codeOf, failureOf, type Remedy, remedyOf } from './errors/coded-error.js'
export { HostError, type HostFacts } from './errors/host-error.js'
export { type FetchRangeOptions, fetchRange } from './files/fetch-range.js'
export { putFile } from './files/put-file.js'
export { type FileServer, type FindFile, type ReceiveFile, serveFiles } from './files/serve-files.js'
export { listTrash, purgeTrash, type TrashManifest, trash } from './files/trash.js'
export {
  mkdirDurable,
  renameDurable,
  syncFile,
  syncFolder,
  writeFileDurable,
} from './files/write-file-durable.js'
export { grpcChannel, grpcClient } from './grpc/grpc-client.js'
export { RemoteError, type WireFailure } from './grpc/remote-error.js'
export { type Caller, type GrpcServer, type GrpcService, grpcService, serveGrpc } from './grpc/serve-grpc.js'
export { findProgram } from './launch/find-program.js'
export { freePort } from './launch/free-port.js'
export type { LocalServer } from './launch/local-server.js'
export { type LocalPostgres, startLocalPostgres } from './launch/start-local-postgres.js'
export { type LocalRedisOptions, startLocalRedis } from './launch/start-local-redis.js'
export { createLog, type Facts, Log, type LogLevel, type LogOptions, silentLog } from './log/log.js'
export {
  type CallOptions,
  type OperatorClient,
  type OperatorTarget,
  operatorClient,
} from './operator/operator-client.js'
export { allows, createOperatorToken, PERMISSIONS, tokenPermission } from './operator/operator-token.js'
export { type OperatorServer, type OperatorServerOptions, serveOperator } from './operator/serve-operator.js'
export { queueSettings } from './queues/queue-settings.js'
export { parseQueueUrl } from './queues/queue-url.js'
export type { QueueWorker } from './queues/queue-worker.js'
export {
  type AddOptions,
  createQueues,
  type JobHandler,
  type Queues,
  type QueuesOptions,
  type WorkOptions,
} from './queues/queues.js'
export {
  createAuthority,
  expiryWarning,
  type Identity,
  issueCertificate,
  loadIdentity,
  type Role,
  roleName,
  tlsOptions,
} from './tls/certificates.js'
export { liveIdentity, renewIdentities } from './tls/live-identity.js'
export { plainTlsText } from './tls/plain-tls-text.js'
