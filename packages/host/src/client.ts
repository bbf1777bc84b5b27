// What a short-lived command needs of this package, without Nest, BullMQ and gRPC: a command line starts in the time it takes
// to load what it imports.
export { CodedError, codeOf, failureOf, type Remedy, remedyOf } from './errors/coded-error.js'
export { HostError } from './errors/host-error.js'
export { listTrash, purgeTrash, type TrashManifest } from './files/trash.js'
export { writeFileDurable } from './files/write-file-durable.js'
export { RemoteError } from './grpc/remote-error.js'
export { findProgram } from './launch/find-program.js'
export { type OperatorClient, type OperatorTarget, operatorClient } from './operator/operator-client.js'
