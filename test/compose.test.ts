import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** The part of the Compose specification that these files use; any other key is a slip. Source: compose-spec 05-services.md. */
const service = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string(), target: z.string() }).optional(),
  user: z.string().optional(),
  command: z.array(z.string()).min(2),
  network_mode: z.literal('host'),
  restart: z.enum(['always', 'on-failure']),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .optional(),
  depends_on: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.literal('ALL')).optional(),
  security_opt: z.array(z.string()).optional(),
  ulimits: z.strictObject({ nofile: z.int() }).optional(),
  volumes: z.array(z.string().regex(/^(\/[^:]+):(\/[^:]+)(:ro)?$/)),
})
const composeFile = z.strictObject({ name: z.string(), services: z.record(z.string(), service) })

const files = globSync('infra/compose/*.yaml', { cwd: root }).sort()
const sites = files.map((path) => ({ path, compose: composeFile.parse(parseYaml(read(path))) }))
const services = sites.flatMap(({ path, compose }) =>
  Object.entries(compose.services).map(([name, one]) => ({ name: `${path} ${name}`, one, compose })),
)
const apps = services.filter(({ one }) => one.command[0] !== 'redis-server')

/** Every absolute path that a settings file names, and which of them its program writes. */
function pathsOf(file: string): { path: string; written: boolean }[] {
  const sections = Object.entries(parseToml(read(`infra/config/${file.split('/').at(-1)}`)))
  return sections.flatMap(([section, keys]) =>
    Object.values(keys as Record<string, unknown>)
      .flat()
      .filter((value): value is string => typeof value === 'string' && /^\/(etc|var|run|data)\//.test(value))
      .map((path) => ({ path, written: section !== 'tls' && !path.startsWith('/etc/') })),
  )
}

describe('infra/compose', () => {
  it('is what the specification allows, with services that depend on services of the same file', () => {
    expect(files).toHaveLength(2)
    for (const { name, one, compose } of services)
      for (const other of one.depends_on ?? []) expect(Object.keys(compose.services), name).toContain(other)
  })

  it.each(apps)('$name sees each path of its settings, and may write those it writes', ({ one }) => {
    const mounts = one.volumes.map((volume) => volume.split(':'))
    const settings = one.command.at(-1) ?? ''
    for (const { path, written } of [{ path: settings, written: false }, ...pathsOf(settings)]) {
      const mount = mounts.find(([, at = '']) => path === at || path.startsWith(`${at}/`))
      expect(mount, `${path} lies in no volume`).toBeDefined()
      // The same path inside and outside: `sealane` on the host finds sockets and state where the settings say.
      expect(mount?.[0]).toBe(mount?.[1])
      if (written) expect(mount?.[2], `${path} is mounted read-only`).toBeUndefined()
    }
  })

  it('gives each Redis the files that its configuration names', () => {
    for (const { one } of services.filter((each) => !apps.includes(each))) {
      const conf = read(`infra/redis/${one.command[1]?.split('/').at(-1)}`)
      for (const [, path = ''] of conf.matchAll(/^(?:dir|aclfile|tls-[a-z-]+-file) (\/\S+)$/gm)) {
        const mount = one.volumes.find((volume) => path.startsWith(volume.split(':')[0] ?? '-'))
        expect(mount, path).toBeDefined()
        if (path.startsWith('/var/')) expect(mount).not.toMatch(/:ro$/)
      }
    }
  })

  it('is built from a file whose user, variables and copies exist', () => {
    for (const { one } of apps) {
      if (one.build) expect(existsSync(join(root, one.build.dockerfile))).toBe(true)
      expect(apps.some((other) => other.one.image === one.image && other.one.build !== undefined)).toBe(true)
    }
    const container = read('infra/compose/Containerfile')
    const [, uid = ''] = /^USER (\d+:\d+)$/m.exec(container) ?? []
    for (const { one } of services.filter((each) => !apps.includes(each))) expect(one.user).toBe(uid)
    for (const page of ['docs/guide/split-site.md', 'docs/guide/split-site.zh.md', ...files])
      expect(read(page), page).toContain(`install -d -o ${uid.split(':')[0]} `)
    // Each variable is one that the code, or the tool named before its underscore, reads.
    for (const [, name = ''] of container.matchAll(/(?:^ENV |\s)([A-Z][A-Z_]+)=/gm)) {
      if (/^(RUSTUP|CARGO)_HOME$|^PATH$/.test(name)) continue
      const found = execFileSync(
        'grep',
        ['-rlF', name, '--include=*.ts', '--include=*.mjs', 'packages', 'scripts'],
        {
          cwd: root,
          encoding: 'utf8',
        },
      )
      expect(found, name).not.toBe('')
    }
    expect(read('infra/compose/Containerfile.dockerignore')).toMatch(/^\*\*\/node_modules$/m)
  })

  it('opens the ports that the guide tells, and no two programs of a machine the same', () => {
    const guide = read('docs/guide/split-site.md')
    for (const { compose } of sites) {
      const ports = Object.values(compose.services).flatMap(({ command }) => {
        const file = command.at(-1)?.split('/').at(-1) ?? ''
        const text = read(file.endsWith('.toml') ? `infra/config/${file}` : `infra/redis/${file}`)
        const listens = text.matchAll(/^(?:listen = .*?[:/](\d+)"\]?|tls-port (\d+))/gm)
        return [...listens].map(([, app, redis]) => app ?? redis ?? '')
      })
      expect(ports.length).toBeGreaterThan(1)
      expect(new Set(ports).size).toBe(ports.length)
      for (const port of ports) expect(guide, port).toMatch(new RegExp(`\\| [^|]*\\b${port}\\b[^|]* \\|`))
    }
  })
})
