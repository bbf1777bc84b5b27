import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Every lamp that an app may light, and every check of doctor, as the code names them. */
function named(): string[] {
  const names = new Set<string>()
  const sources = ['apps/{provider,sealer,miner}/src/**/*.ts', 'packages/host/src/**/*.ts'].flatMap((glob) =>
    globSync(glob, { cwd: root }).filter((path) => !path.includes('.test.') && !path.includes('/testing/')),
  )
  for (const path of sources) {
    const text = read(path)
    for (const [, name = ''] of text.matchAll(/\.room\('([^']+)'\)/g)) names.add(name)
    // The frame that PreCommit and ProveCommit share lights the lamp its user names.
    for (const [, name = ''] of text.matchAll(/\bframes\.of\(\{[^}]*?\broom: '([^']+)'/g)) names.add(name)
    for (const [, name = ''] of text.matchAll(/createQueues\(\{[^}]*\bname: '([^']+)'/g)) names.add(name)
  }
  // A worker's lamp for each of its employers.
  for (const role of ['sealer', 'miner']) names.add(role)
  for (const path of globSync('apps/cli/src/doctor/*-checks.ts', { cwd: root })) {
    for (const [, name = ''] of read(path).matchAll(
      /\b(?:ok|warn|fail|skip)\(\s*[`']([a-z ]+?) ?(?:\$\{[^}]*\})?[`'],/g,
    ))
      names.add(name)
  }
  for (const [, name = ''] of read('apps/cli/src/commands/doctor.ts').matchAll(/checkApp\('(\w+)'/g))
    names.add(name)
  for (const [, name = ''] of read('apps/cli/src/doctor/service-checks.ts').matchAll(/shown = `(\w+) \$/g))
    names.add(name)
  return [...names].sort()
}

/** The first column of the guide's table of lamps, which is its only one with single words in backticks and three columns. */
function explained(page: string, title: string): string[] {
  const part = page.slice(page.indexOf(`\n## ${title}\n`))
  return [...part.matchAll(/^\| `([^`]+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, name = '']) => name).sort()
}

describe('a red lamp', () => {
  it.each([
    ['docs/guide/split-site.md', 'What a red lamp wants'],
    ['docs/guide/split-site.zh.md', '哪盏灯红了怎么办'],
  ])('has its cause and its cure in %s, each that the code knows and no other', (path, title) => {
    expect(named()).toContain('window-post')
    expect(explained(read(path), title)).toEqual(named())
  })
})

describe('infra/compose', () => {
  const files = globSync('infra/compose/*.yaml', { cwd: root })
  const commands = files.flatMap((path) =>
    [...read(path).matchAll(/^ {4}command: (\[.*\])$/gm)].map(
      ([, list = '']) => JSON.parse(list) as string[],
    ),
  )

  it('starts programs and reads settings that exist, as the units do', () => {
    expect(commands).toHaveLength(6)
    const units = globSync('infra/systemd/*.service', { cwd: root }).map((path) =>
      read(path).replace('%i', '*'),
    )
    for (const [program = '', ...args] of commands) {
      const file = args.at(-1) ?? ''
      if (program === 'redis-server')
        expect(read(`infra/redis/${file.split('/').at(-1)}`)).toMatch(/^tls-port/m)
      else {
        expect(read(`infra/config/${file.split('/').at(-1)}`)).toContain('[paths]')
        const line = [`/opt/sealane/${program}`, ...args].join(' ')
        expect(units.filter((unit) => unit.includes(line))).toHaveLength(1)
      }
    }
  })

  it('builds images from targets that the container file has', () => {
    const container = read('infra/compose/Containerfile')
    for (const path of files) {
      for (const [, target = ''] of read(path).matchAll(/target: (\w+)/g))
        expect(container).toMatch(new RegExp(`^FROM .* AS ${target}$`, 'm'))
    }
    for (const [, script = ''] of container.matchAll(/node (packages\/\S+)/g))
      expect(read(script)).not.toBe('')
  })
})

describe('infra/redis', () => {
  it('has a user for each URL of the examples, with keys of its own queues only', () => {
    const users = (file: string) =>
      Object.fromEntries(
        [...read(file).matchAll(/^user (\w+) (.*)$/gm)].map(([, name = '', rules = '']) => [name, rules]),
      )
    const [crossing, home] = [users('infra/redis/crossing.acl'), users('infra/redis/home.acl')]
    expect(Object.keys(crossing).sort()).toEqual(['default', 'home', 'provider'])
    expect(Object.keys(home).sort()).toEqual(['default', 'miner', 'sealer', 'worker'])
    for (const rules of [...Object.values(crossing), ...Object.values(home)].filter((one) => one !== 'off'))
      expect(rules).toMatch(/ ~bull:\S+.* resetchannels -@all .* -@dangerous /)
    for (const path of globSync('infra/config/*.toml', { cwd: root })) {
      for (const [, user = '', secret = '', port = ''] of read(path).matchAll(
        /rediss:\/\/(\w+):(\S+)@[^:]+:(\d+)/g,
      )) {
        const rules = (port === '6380' ? crossing : home)[user]
        expect(rules, `${path}: ${user}`).toContain(`>${secret} `)
      }
    }
  })
})
