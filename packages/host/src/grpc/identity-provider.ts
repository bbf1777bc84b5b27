import type { experimental } from '@grpc/grpc-js'
import type { Identity } from '../tls/certificates.js'

type Provider = experimental.CertificateProvider
type OnAuthority = Parameters<Provider['addCaCertificateListener']>[0]
type OnCertificate = Parameters<Provider['addIdentityCertificateListener']>[0]

/** Gives gRPC an identity, and each renewal of it: connections made later use the newest, those that are open go on. */
export class IdentityProvider implements Provider {
  readonly #authority = new Set<OnAuthority>()
  readonly #certificate = new Set<OnCertificate>()

  constructor(private readonly identity: Identity) {
    identity.onRenewed?.(() => {
      for (const listener of this.#authority) this.#tellAuthority(listener)
      for (const listener of this.#certificate) this.#tellCertificate(listener)
    })
  }

  addCaCertificateListener(listener: OnAuthority): void {
    this.#authority.add(listener)
    // Not at once: gRPC's server begins to listen to its credentials only after this returns.
    process.nextTick(() => this.#tellAuthority(listener))
  }

  removeCaCertificateListener(listener: OnAuthority): void {
    this.#authority.delete(listener)
  }

  addIdentityCertificateListener(listener: OnCertificate): void {
    this.#certificate.add(listener)
    process.nextTick(() => this.#tellCertificate(listener))
  }

  removeIdentityCertificateListener(listener: OnCertificate): void {
    this.#certificate.delete(listener)
  }

  #tellAuthority(listener: OnAuthority): void {
    listener({ caCertificate: Buffer.from(this.identity.authority) })
  }

  #tellCertificate(listener: OnCertificate): void {
    const { certificate, key } = this.identity
    listener({ certificate: Buffer.from(certificate), privateKey: Buffer.from(key) })
  }
}
