import { copyFileSync, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseDuration } from '@sealane/fil-units'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { tlsDir } from '../connect/tls-dir.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural, oneOf, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { certificatesIn, certificatesTable } from '../show/certificates-table.js'

export function certsCommand(session: Session): Command {
  return group('certs', 'Certificates between machines: each end proves its role.', [
    init(session),
    issue(session),
    renew(session),
    list(session),
  ])
}

const roles = ['provider', 'sealer', 'worker', 'miner', 'operator', 'redis'] as const

function withDir(command: Command): Command {
  return command.option(
    '--dir <DIR>',
    'where the authority is (default: SEALANE_TLS_DIR, the running stack’s, or /etc/sealane/tls)',
  )
}

function init(session: Session): Command {
  return answers<{ dir?: string }>(
    session,
    {
      usage: 'init',
      about: 'Make the authority that all machines trust, unless it is there.',
      examples: ['certs init --dir ./sealane-tls'],
      notes:
        'ca.key signs certificates and nothing else: keep it at home, and off the machines that run the apps.',
    },
    async ({ dir: given }) => {
      const dir = resolve(tlsDir(session.terminal.env, given))
      const there = existsSync(join(dir, 'ca.key'))
      const { createAuthority } = await import('@sealane/host')
      await createAuthority(dir)
      const text = there ? `the authority in ${dir} is kept` : `made an authority in ${dir}`
      return {
        json: { dir, made: !there },
        text: lines(text, 'next: sealane certs issue provider, sealer, worker, miner'),
      }
    },
    withDir,
  )
}

interface IssueOptions {
  dir?: string
  name?: string
  host?: string[]
  days?: string
  validFor?: string
  out?: string
}

function issue(session: Session): Command {
  return answers<IssueOptions>(
    session,
    {
      usage: 'issue <role>',
      about: `Issue a certificate for a role: ${roles.join(', ')}.`,
      examples: [
        'certs issue miner --dir ./sealane-tls',
        'certs issue provider --dir ./sealane-tls --host provider.example --out ./for-provider',
        'certs issue worker --dir ./sealane-tls --name worker-3 --out ./for-worker-3',
      ],
      notes: 'Put ca.crt, ROLE.crt and ROLE.key (0600) into the tls.dir of the machine that plays the role.',
    },
    async (o, [roleText = '']) => {
      const role = oneOf('the role', roleText, roles)
      const dir = resolve(tlsDir(session.terminal.env, o.dir))
      const out = o.out === undefined ? dir : resolve(o.out)
      const validForMs = lifeOf(o)
      requireAuthority(dir)
      const { issueCertificate } = await import('@sealane/host')
      await issueCertificate(dir, {
        role,
        outDir: out,
        ...(o.name === undefined ? {} : { name: o.name }),
        ...(o.host === undefined ? {} : { hosts: o.host }),
        ...(validForMs === undefined ? {} : { validForMs }),
      })
      const made = certificatesIn(out, session.terminal.now()).find((one) => one.role === role)
      return {
        json: { dir: out, ...made },
        text: lines(`${join(out, `${role}.crt`)} and ${role}.key, valid until ${made?.expires ?? '?'}`),
      }
    },
    (command) =>
      withDir(command)
        .option('--name <NAME>', 'tells machines of one role apart in logs (default: the role)')
        .option(
          '--host <NAME>',
          'further DNS name or address of the machine; may be repeated',
          (host: string, before: string[] = []) => [...before, host],
        )
        .option('--days <N>', 'how long it is valid (default: 365)')
        .option('--valid-for <DURATION>', 'the same as a duration, such as 12h or 90s')
        .option('--out <DIR>', 'where to put it, with a copy of ca.crt (default: beside the authority)'),
  )
}

/** How long a certificate shall live, undefined for the usual year. Unit: ms. */
function lifeOf(o: { days?: string; validFor?: string }): number | undefined {
  if (o.days !== undefined) return natural('--days', o.days) * 86_400_000
  if (o.validFor === undefined) return undefined
  try {
    return parseDuration(o.validFor)
  } catch {
    throw usage(`--valid-for is a duration such as 12h or 90s, not "${o.validFor}"`)
  }
}

interface RenewOptions {
  dir?: string
  out?: string
  all?: boolean
  validFor?: string
  days?: string
}

/** Certificates that end within this are renewed without being named. Unit: days. */
const renewalDays = 30

function renew(session: Session): Command {
  return answers<RenewOptions>(
    session,
    {
      usage: 'renew [roles...]',
      about:
        'Issue certificates again as they are, with their names and hosts: those named, or those that end soon.',
      examples: [
        'certs renew --dir ./sealane-tls --out /etc/sealane/tls',
        'certs renew miner redis --dir ./sealane-tls --out ./for-home',
        'certs renew --all --dir ./sealane-tls --out ./for-provider',
      ],
      notes: `Without roles: what ends within ${renewalDays} days. The old pair is kept beside it as ROLE.crt.old and ROLE.key.old.
A running app finds the new files within a minute, or at once on SIGHUP (systemctl reload); nothing stops.
Redis: CONFIG SET tls-cert-file with the same path, or restart it.`,
    },
    async (o, roleTexts) => {
      const dir = resolve(tlsDir(session.terminal.env, o.dir))
      const out = o.out === undefined ? dir : resolve(o.out)
      requireAuthority(dir)
      const here = certificatesIn(out, session.terminal.now()).filter(({ role }) => role !== 'ca')
      const wanted = roleTexts.map((text) => oneOf('the role', text, roles))
      const missing = wanted.find((role) => here.every((one) => one.role !== role))
      if (missing !== undefined)
        throw usage(`there is no ${missing}.crt in ${out}: sealane certs issue ${missing} --out ${out}`)
      const due = here.filter(({ role, daysLeft }) =>
        wanted.length > 0 ? wanted.some((one) => one === role) : o.all === true || daysLeft <= renewalDays,
      )
      const validForMs = lifeOf(o)
      const { issueCertificate, roleName } = await import('@sealane/host')
      for (const { role, name, hosts } of due) {
        for (const file of [`${role}.crt`, `${role}.key`]) {
          if (existsSync(join(out, file))) copyFileSync(join(out, file), join(out, `${file}.old`))
        }
        const own = hosts.filter((host) => host !== roleName(role))
        await issueCertificate(dir, {
          role,
          name,
          hosts: own,
          outDir: out,
          ...(validForMs === undefined ? {} : { validForMs }),
        })
      }
      const rows = certificatesIn(out, session.terminal.now()).filter(({ role }) =>
        due.some((one) => one.role === role),
      )
      return {
        json: { dir: out, renewed: rows },
        text:
          rows.length === 0
            ? lines(`nothing in ${out} ends within ${renewalDays} days: name roles, or --all`)
            : certificatesTable(rows),
      }
    },
    (command) =>
      withDir(command)
        .option('--out <DIR>', 'where the certificates are (default: beside the authority)')
        .option('--all', 'every certificate there')
        .option('--days <N>', 'how long they are valid (default: 365)')
        .option('--valid-for <DURATION>', 'the same as a duration, such as 12h or 90s'),
  )
}

function requireAuthority(dir: string): void {
  if (existsSync(join(dir, 'ca.key'))) return
  throw new CliError(
    { code: 'FILE', path: join(dir, 'ca.key'), reason: 'not there' },
    `no authority in ${dir}: make one with "sealane certs init --dir ${dir}", or name its folder with --dir`,
  )
}

function list(session: Session): Command {
  return answers<{ dir?: string }>(
    session,
    {
      usage: 'list',
      about: 'List certificates: role, hosts, expiry, and what is wrong with them.',
      examples: ['certs list --dir ./sealane-tls'],
    },
    async ({ dir: given }) => {
      const dir = resolve(tlsDir(session.terminal.env, given))
      const rows = certificatesIn(dir, session.terminal.now())
      if (rows.length === 0) {
        throw new CliError(
          { code: 'FILE', path: dir, reason: 'no certificates' },
          `no certificates in ${dir}: sealane certs init --dir DIR makes the authority`,
        )
      }
      return {
        json: rows,
        text: certificatesTable(rows),
        ...(rows.some((row) => row.daysLeft < 0) ? { exitCode: 1 } : {}),
      }
    },
    (command) => withDir(command).alias('show'),
  )
}
