import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tabTable } from './tab-table.js'

const dayMs = 86_400_000
/** A certificate that ends sooner is warned of. Unit: days. */
const warningDays = 30

export interface CertificateFacts {
  readonly file: string
  readonly role: string
  readonly name: string
  readonly hosts: string[]
  readonly expires: string
  readonly daysLeft: number
  /** Its key lies beside it. */
  readonly key: boolean
  /** Undefined when all is well. */
  readonly problem: string | undefined
}

/** Every certificate in a folder, the authority first. */
export function certificatesIn(dir: string, nowMs: number): CertificateFacts[] {
  if (!existsSync(dir)) return []
  const files = readdirSync(dir).filter((file) => file.endsWith('.crt'))
  const authority = existsSync(join(dir, 'ca.crt')) ? parsed(join(dir, 'ca.crt')) : undefined
  return files
    .sort((a, b) => Number(b === 'ca.crt') - Number(a === 'ca.crt') || a.localeCompare(b))
    .map((file) => factsOf(dir, file, authority, nowMs))
}

function parsed(path: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(path))
  } catch {
    return undefined
  }
}

function factsOf(
  dir: string,
  file: string,
  authority: X509Certificate | undefined,
  nowMs: number,
): CertificateFacts {
  const role = file.replace(/\.crt$/, '')
  const found = parsed(join(dir, file))
  const key = existsSync(join(dir, `${role}.key`))
  if (found === undefined) {
    return {
      file,
      role,
      name: '',
      hosts: [],
      expires: '',
      daysLeft: 0,
      key,
      problem: 'is no certificate: issue it again',
    }
  }
  const daysLeft = Math.floor((new Date(found.validTo).getTime() - nowMs) / dayMs)
  const hosts = (found.subjectAltName ?? '')
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '')
  return {
    file,
    role,
    name: /^CN=(.*)$/m.exec(found.subject)?.[1] ?? '',
    hosts,
    expires: new Date(found.validTo).toISOString().slice(0, 10),
    daysLeft,
    key,
    problem: problemOf(found, { role, authority, daysLeft, key }),
  }
}

function problemOf(
  found: X509Certificate,
  o: { role: string; authority: X509Certificate | undefined; daysLeft: number; key: boolean },
): string | undefined {
  const again = o.role === 'ca' ? 'make a new authority and issue all again' : `sealane certs issue ${o.role}`
  if (o.daysLeft < 0) return `has expired: ${again}`
  if (o.role !== 'ca' && o.authority !== undefined && !found.verify(o.authority.publicKey)) {
    return `is not of this authority: ${again}`
  }
  if (o.role !== 'ca' && !o.key) return `has no key beside it: ${again}`
  return o.daysLeft <= warningDays ? `expires in ${o.daysLeft} days: ${again}` : undefined
}

export function certificatesTable(rows: readonly CertificateFacts[]): string {
  return tabTable([
    ['File', 'Role', 'Name', 'Hosts', 'Expires', 'Key', 'Status'],
    ...rows.map((row) => [
      row.file,
      row.role,
      row.name,
      row.hosts.join(' '),
      `${row.expires} (${row.daysLeft} days)`,
      row.key ? 'here' : '-',
      row.problem ?? 'ok',
    ]),
  ])
}
