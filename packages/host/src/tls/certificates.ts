import 'reflect-metadata' // before x509, whose container needs it
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { HostError } from '../errors/host-error.js'
import { writeFileDurable } from '../files/write-file-durable.js'

/** P-256: every TLS stack between here and a proxy of the operator's knows it. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3_650
const CERTIFICATE_DAYS = 365
/** Warn this long before a certificate ends. Source: faults.md S2. Unit: days. */
const EXPIRY_WARNING_DAYS = 30

/** Named at each call: libp2p's TLS sets the library's global provider to another implementation, which refuses our keys. */
const CRYPTO = webcrypto as unknown as NonNullable<Parameters<typeof x509.X509CertificateGenerator.create>[1]>

/** What a certificate may be used as. Any lower-case word; the apps use their own names. */
export type Role = string

/** One certificate with its key and the authority that both sides trust, PEM. */
export interface Identity {
  readonly role: Role
  readonly certificate: string
  readonly key: string
  /** One certificate or several: while an authority is replaced both are trusted. */
  readonly authority: string
  readonly expiresMs: number
  /** Calls `listener` when the files were renewed; absent for an identity that is read once. See liveIdentity. */
  onRenewed?(listener: () => void): void
}

/** The DNS name that a role's certificate carries, and that a client insists on, wherever the server lives. */
export function roleName(role: Role): string {
  return `${role}.sealane.internal`
}

/** Makes `ca.crt` and `ca.key` in `dir` unless they are there. */
export async function createAuthority(dir: string, o: { now?: Date } = {}): Promise<void> {
  if (existsSync(join(dir, 'ca.key'))) return
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const now = o.now ?? new Date()
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial(),
      name: `CN=Sealane CA ${randomBytes(4).toString('hex')}`,
      notBefore: new Date(now.getTime() - DAY_MS),
      notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys: keys as x509.X509CertificateCreateSelfSignedParams['keys'],
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as x509.PublicKeyType, false, CRYPTO),
      ],
    },
    CRYPTO,
  )
  // The key last: an authority that has it is whole, and one that was killed before it is made anew.
  await writeFileDurable(join(dir, 'ca.crt'), `${certificate.toString('pem')}\n`, { mode: 0o644 })
  await writeFileDurable(join(dir, 'ca.key'), await pemKey(keys.privateKey), { mode: 0o600 })
}

/**
 * Makes `<role>.crt` and `<role>.key` in `outDir` (default `dir`) by the authority in `dir`, with a copy of `ca.crt`.
 * `name` tells machines of one role apart in logs; `validForMs` is a year unless said otherwise; `hosts` are further DNS names or addresses for other TLS clients.
 */
export async function issueCertificate(
  dir: string,
  o: {
    role: Role
    name?: string
    hosts?: readonly string[]
    validForMs?: number
    outDir?: string
    now?: Date
  },
): Promise<void> {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(o.role) || o.role === 'local')
    throw certificate(o.role, 'a role is a lower-case word, and not `local`')
  const authority = new x509.X509Certificate(read(join(dir, 'ca.crt'), 'make it with `sealane certs init`'))
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(read(join(dir, 'ca.key'), 'it stays on the machine that made it')).export({
      type: 'pkcs8',
      format: 'der',
    }),
    ALGORITHM,
    false,
    ['sign'],
  )
  const now = o.now ?? new Date()
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const names = [roleName(o.role), ...(o.hosts ?? [])]
  const issued = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial(),
      subject: [{ CN: [o.name ?? o.role] }, { OU: [o.role] }],
      issuer: authority.subject,
      notBefore: new Date(now.getTime() - DAY_MS),
      notAfter: new Date(now.getTime() + (o.validForMs ?? CERTIFICATE_DAYS * DAY_MS)),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey as x509.PublicKeyType,
      signingKey: signingKey as x509.X509CertificateCreateWithKeyParams['signingKey'],
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({
            type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const),
            value,
          })),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey, false, CRYPTO),
      ],
    },
    CRYPTO,
  )
  const out = o.outDir ?? dir
  mkdirSync(out, { recursive: true, mode: 0o700 })
  await writeFileDurable(join(out, `${o.role}.key`), await pemKey(keys.privateKey), { mode: 0o600 })
  await writeFileDurable(join(out, `${o.role}.crt`), `${issued.toString('pem')}\n`, { mode: 0o644 })
  if (out !== dir) await writeFileDurable(join(out, 'ca.crt'), read(join(dir, 'ca.crt'), ''), { mode: 0o644 })
}

/**
 * Reads `ca.crt`, `<role>.crt`, `<role>.key` from `dir` and checks that they belong together, are of the role and in date.
 * Throws HostError CERTIFICATE (`halt`) naming the file and the fix.
 */
export function loadIdentity(dir: string, role: Role, o: { now?: Date } = {}): Identity {
  const file = join(dir, `${role}.crt`)
  const fix = `issue one with \`sealane certs issue ${role}\``
  // Files joined by hand may lack the line's end between two certificates, which OpenSSL insists on.
  const authority = pemsIn(read(join(dir, 'ca.crt'), 'make it with `sealane certs init`')).join('\n')
  const pem = read(file, fix)
  const key = read(join(dir, `${role}.key`), fix)
  const own = new X509Certificate(pem)
  const now = o.now ?? new Date()
  const expires = new Date(own.validTo)
  if (!pemsIn(authority).some((one) => own.verify(new X509Certificate(one).publicKey)))
    throw certificate(file, `was not issued by ${join(dir, 'ca.crt')}: ${fix}`)
  if (!own.checkPrivateKey(createPrivateKey(key)))
    throw certificate(file, `does not belong to ${role}.key: ${fix}`)
  if (expires <= now) throw certificate(file, `expired on ${expires.toISOString().slice(0, 10)}: ${fix}`)
  if (new Date(own.validFrom) > now)
    throw certificate(file, `is valid only from ${own.validFrom}: check this machine's clock`)
  if (subjectRole(own.subject) !== role)
    throw certificate(file, `is of role ${subjectRole(own.subject) ?? 'none'}, not ${role}: ${fix}`)
  return { role, certificate: pem, key, authority, expiresMs: expires.getTime() }
}

/** "expires in 12 days", when that is soon; undefined when all is well. For health and doctor. */
export function expiryWarning(identity: Identity, now: Date): string | undefined {
  const days = Math.floor((identity.expiresMs - now.getTime()) / DAY_MS)
  if (days > EXPIRY_WARNING_DAYS) return undefined
  return `certificate of ${identity.role} ${days < 0 ? 'has expired' : `expires in ${days} days`}: issue a new one with \`sealane certs issue ${identity.role}\``
}

function subjectRole(subject: string): string | undefined {
  return /^OU=(.*)$/m.exec(subject)?.[1]
}

/** Every certificate in a PEM text. */
function pemsIn(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
}

/** node:tls options for a server or client of this identity: mutual, TLS 1.3, this authority only; a renewed certificate shows in them. */
export function tlsOptions(identity: Identity) {
  return {
    get ca() {
      return identity.authority
    },
    get cert() {
      return identity.certificate
    },
    get key() {
      return identity.key
    },
    minVersion: 'TLSv1.3' as const,
    requestCert: true,
    rejectUnauthorized: true,
  }
}

function serial(): string {
  // The first bit clear: a positive number in DER.
  return `0${randomBytes(16).toString('hex').slice(1)}`
}

async function pemKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString()
}

function read(file: string, fix: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : String(cause)
    throw certificate(file, `${reason}: ${fix}`)
  }
}

function certificate(file: string, reason: string): HostError {
  return new HostError({ code: 'CERTIFICATE', file, reason }, `certificate ${file} ${reason}`)
}
