import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { programFor } from '../apps/cli/src/frame/run-cli.js'
import { Session } from '../apps/cli/src/frame/session.js'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Pages that people write; what is generated is held by `npm run check`. */
const pages = [
  'README.md',
  'README.zh.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...globSync('docs/{guide,decisions}/**/*.md', { cwd: root }),
].sort()

/** What stands between backticks, outside of code blocks. */
function inlineCode(page: string): string[] {
  const prose = page.replace(/```[\s\S]*?```/g, '')
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

/** Shell blocks, with lines that end in a backslash joined and here-documents left out. */
function shellBlocks(page: string): string[] {
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  return blocks.map((block) =>
    block
      .replace(/\\\n\s*/g, '')
      .replace(/<<'?(\w+)'?([^\n]*)\n[\s\S]*?\n\1\n/g, (_all, _word, rest: string) => `${rest}\n`),
  )
}

/** The words after `npx sealane`, and after the guide's own `abroad` and `home`, in shell blocks and inline code. */
function sealaneCommands(page: string): string[] {
  const sources = [...shellBlocks(page), ...inlineCode(page)].flatMap(substitutions)
  return sources.flatMap((source) =>
    [...source.matchAll(/(?:npx sealane|^ *(?:abroad|home)) +([a-z][^|&;<>\n)#]*)/gm)].map(([, words = '']) =>
      words.trim(),
    ),
  )
}

/** A shell text without its `$(…)`, and each of those as a text of its own. */
function substitutions(text: string): string[] {
  const inner = /"?\$\(([^()]*)\)"?/.exec(text)
  return inner === null ? [text] : [...substitutions(text.replace(inner[0], 'VALUE')), inner[1] ?? '']
}

/** What `find` dislikes on each page; pages without complaints are left out. */
async function complaints(
  find: (page: string, path: string) => unknown[] | Promise<unknown[]>,
): Promise<Record<string, unknown[]>> {
  const all = await Promise.all(pages.map(async (path) => [path, await find(read(path), path)] as const))
  return Object.fromEntries(all.filter(([, wrong]) => wrong.length > 0))
}

/** The command lines among `lines` that would be refused, with the reason. */
async function refused(lines: string[]): Promise<string[]> {
  const answers = await Promise.all(
    [...new Set(lines)].map(async (line) => ({ line, why: await whyUnknown(line.trim().split(/\s+/)) })),
  )
  return answers.flatMap(({ line, why }) => (why === undefined ? [] : [`${line}: ${why}`]))
}

describe('every page', () => {
  it('names only paths that exist', async () => {
    const place = /^(apps|packages|scripts|docs|infra|test|\.ci)\/[\w./@-]+$/
    const missing = (page: string) =>
      inlineCode(page).filter((code) => place.test(code) && !existsSync(join(root, code)))
    expect(await complaints(missing)).toEqual({})
  })

  it('links only to files that exist', async () => {
    const missing = (page: string, path: string) =>
      [...page.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !existsSync(join(root, dirname(path), link)))
    expect(await complaints(missing)).toEqual({})
  })

  it('names only commands that the command line takes', async () => {
    expect(pages.flatMap((path) => sealaneCommands(read(path))).length).toBeGreaterThan(20)
    expect(await complaints((page) => refused(sealaneCommands(page)))).toEqual({})
  })

  it('names only options that npm start takes', async () => {
    const starts = (page: string) =>
      shellBlocks(page).flatMap((block) =>
        [...block.matchAll(/npm start -- ([^|&;>\n)]*)/g)].map(([, flags = '']) => `up ${flags}`),
      )
    expect(await complaints((page) => refused(starts(page)))).toEqual({})
  })
})

/** Why the command line would refuse these words; undefined when it would take them. */
async function whyUnknown(words: string[]): Promise<string | undefined> {
  const silent = {
    out: () => {},
    err: () => {},
    colour: false,
    env: {},
    signal: new AbortController().signal,
  }
  let command: Command = await programFor(words, new Session(silent as never))
  const rest = [...words]
  for (;;) {
    const found = command.commands.find(
      (one) => one.name() === rest[0] || one.aliases().includes(rest[0] ?? ''),
    )
    if (found === undefined) break
    command = found
    rest.shift()
  }
  if (command.commands.length > 0 && rest[0] !== '--help')
    return `${command.name()} has no command ${rest[0] ?? '(none given)'}`
  const given: string[] = []
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-')) {
      given.push(word)
      continue
    }
    const [name = ''] = word.split('=')
    const option = command.options.find((one) => one.long === name || one.short === name)
    if (option === undefined && !['--help', '--json', '--version'].includes(name))
      return `${command.name()} has no option ${name}`
    if (option?.required && !word.includes('=')) rest.shift()
  }
  const takes = command.registeredArguments
  const least = takes.filter((one) => one.required).length
  const most = takes.some((one) => one.variadic) ? Number.POSITIVE_INFINITY : takes.length
  if (given.length < least || given.length > most)
    return `${command.name()} takes ${least} to ${most} arguments, not ${given.join(' ')}`
  return undefined
}

describe('the READMEs', () => {
  it('name the same commands', () => {
    expect(shellBlocks(read('README.zh.md'))).toEqual(shellBlocks(read('README.md')))
  })

  it('name the same options, each of them once', async () => {
    const options = (page: string) => [...page.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag)
    expect(options(read('README.zh.md'))).toEqual(options(read('README.md')))
    const up = (await programFor(['up'], new Session({ env: {} } as never))).commands.find(
      (one) => one.name() === 'up',
    )
    expect(options(read('README.md')).sort()).toEqual(up?.options.map((one) => one.long).sort())
  })

  it('say what CI runs', () => {
    const ci = read('.ci/run')
    const commands = shellBlocks(read('README.md')).flatMap(
      (block) => block.match(/^npm (?!config).*$/gm) ?? [],
    )
    expect(commands.length).toBeGreaterThan(3)
    expect(commands.filter((command) => !ci.includes(command))).toEqual([])
  })
})

describe('ARCHITECTURE.md', () => {
  it('gives each room the arrows that are enforced', () => {
    const arrows = JSON.parse(read('scripts/arrows.json')) as Record<string, string[]>
    const rows = [...read('ARCHITECTURE.md').matchAll(/^\| `(apps|packages)\/([\w-]+)` \|.*\|([^|]*)\|$/gm)]
    const told = Object.fromEntries(
      rows.map(([, kind, name = '', uses = '']) => [
        kind === 'apps' ? `app-${name}` : name,
        uses.trim().split(/\s+/).filter(Boolean).sort(),
      ]),
    )
    expect(told).toEqual(
      Object.fromEntries(Object.entries(arrows).map(([room, uses]) => [room, [...uses].sort()])),
    )
  })
})

describe('infra/config', () => {
  it.concurrent.each(globSync('infra/config/*.toml', { cwd: root }).sort())(
    '%s passes the check that it names',
    async (path) => {
      const [, command = ''] = /^# Check it: node (.*) --config \S+$/m.exec(read(path)) ?? []
      expect(command).toMatch(/^apps\/\w+\/dist\/main\.js config check( run| worker)?$/)
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [...command.split(' '), '--config', path],
        { cwd: root },
      )
      expect(stdout).toMatch(`${path}: good`)
    },
  )

  it('has a unit for each, which reads it', () => {
    const names = globSync('infra/config/*.toml', { cwd: root }).map((path) => basename(path, '.toml'))
    expect(
      names.filter(
        (name) => !read(`infra/systemd/sealane-${name}.service`).includes(`/etc/sealane/${name}.toml`),
      ),
    ).toEqual([])
  })
})
