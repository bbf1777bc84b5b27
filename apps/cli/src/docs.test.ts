import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { lives } from '@sealane/lifecycle'
import { describe, expect, it } from 'vitest'
import { everyCommand } from './frame/command-tree.js'
import { dealStateName } from './show/deals-table.js'

/** A command by what is typed: its own words, or an alias in the last place. */
async function commandOf(line: string) {
  const known = await everyCommand()
  return known.find(({ words, command }) =>
    [words, ...command.aliases().map((alias) => words.replace(/\S+$/, alias))].some(
      (typed) => line === typed || line.startsWith(`${typed} `),
    ),
  )
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')

/** Pages that an operator reads, English ones; words.md has both languages in it. */
const pages = [
  'README.md',
  ...readdirSync(`${root}docs/guide`)
    .filter((file) => file.endsWith('.md') && !file.endsWith('.zh.md') && file !== 'words.md')
    .map((file) => `docs/guide/${file}`),
]
const twinOf = (page: string) => page.replace(/\.md$/, '.zh.md')

/** Lines of the fenced blocks in `language`. */
function codeLines(text: string, language: RegExp): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, of = '']) => language.test(of))
    .flatMap(([, , body = '']) => body.split('\n'))
}

function headings(text: string): number {
  return (text.replace(/^```.*?^```$/gms, '').match(/^#+ /gm) ?? []).length
}

/** A line without the comment at its end, which is prose. */
const bare = (line: string) => line.replace(/ +#.*$/, '').trim()
/** Lines that are prose: comments. */
const isComment = (line: string) => /^\s*#/.test(line)

describe('pages in two languages', () => {
  const paired = pages.filter((page) => existsSync(`${root}${twinOf(page)}`))

  it('are the first page and the guide', () => {
    const own = ['another-chain', 'deals', 'messages', 'promises', 'proving', 'sealing'].map(
      (name) => `docs/guide/${name}.md`,
    )
    expect(paired).toEqual(expect.arrayContaining(['README.md', ...own]))
  })

  it.each(paired)('%s has the same commands and headings in its Chinese twin', (page) => {
    const [english, chinese] = [read(page), read(twinOf(page))]
    const language = /^(sh|toml|text|json|ini|)$/
    const wanted = codeLines(english, language).filter((line) => line.trim() !== '' && !isComment(line))
    const there = new Set(codeLines(chinese, language).map(bare))
    expect(wanted.map(bare).filter((line) => !there.has(line))).toEqual([])
    expect(headings(chinese)).toBe(headings(english))
  })
})

describe('words.md', () => {
  const words = read('docs/guide/words.md')

  it('names commands that there are, with flags that they take', async () => {
    const named = [...words.matchAll(/`sealane ([^`]+)`/g)].map(([, line = '']) => line)
    expect(named.length).toBeGreaterThan(40)
    for (const line of named) {
      const found = await commandOf(line)
      expect(found, line).toBeDefined()
      const flags = [...line.matchAll(/ (--[\w-]+)/g)].map(([, flag]) => flag)
      expect(
        found?.command.options.map(({ long }) => long),
        line,
      ).toEqual(expect.arrayContaining(flags))
    }
  })

  it('lists every state of a deal and of a sector, with the name operators knew', () => {
    for (const state of Object.keys(lives.deal.table))
      expect(words).toContain(`| ${state} | ${dealStateName(state)} |`)
    for (const state of Object.keys(lives.sector.table))
      expect(words).toMatch(new RegExp(`^\\| ${state} \\|`, 'm'))
  })
})

describe('pages for operators', () => {
  it.each([...pages, ...pages.map(twinOf)])('%s shows commands that there are', async (page) => {
    if (!existsSync(`${root}${page}`)) return
    const lines = codeLines(read(page), /^(sh|text|)$/)
    for (const line of lines) {
      const [, said] = /^(?:\$ )?(?:npx )?sealane ((?!-)[^#|>&;]+)/.exec(line) ?? []
      if (said === undefined) continue
      const found = await commandOf(said.trim())
      expect(found, line).toBeDefined()
    }
  })
})
