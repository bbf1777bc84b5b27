import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'

/** Set by us from the certificate after whatever the caller claimed is removed. */
export const ROLE_HEADER = 'sealane-peer-role'
export const NAME_HEADER = 'sealane-peer-name'

/** Writes who calls into the metadata of each call: role (OU) and name (CN) of the client's certificate. `local`: what a unix socket caller is. */
export function peerRole(local: string | undefined): ServerInterceptor {
  return (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata: Metadata, pass: (metadata: Metadata) => void) => {
            const subject = call.getAuthContext().sslPeerCertificate?.subject
            metadata.remove(ROLE_HEADER)
            metadata.remove(NAME_HEADER)
            const role = local ?? one(subject?.OU)
            const name = local ?? one(subject?.CN)
            if (role !== undefined) metadata.set(ROLE_HEADER, role)
            if (name !== undefined) metadata.set(NAME_HEADER, name)
            pass(metadata)
          },
        }),
    })
}

/** A certificate with two roles has none, and `local` is no role that a certificate can give. */
function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) && value !== 'local' ? value : undefined
}
