// Arrows only go down: each room declares no workspace package but those its line of arrows.json allows. `turbo boundaries` then
// refuses any import that is not declared. Tests may use testkit and recordings.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One line for each forbidden arrow of the checkout at `root`. */
export function forbiddenArrows(root) {
  const arrows = JSON.parse(readFileSync(join(root, 'scripts/arrows.json'), 'utf8'))
  const rooms = [
    ...readdirSync(join(root, 'packages')).map((name) => ({ room: name, path: join('packages', name) })),
    ...readdirSync(join(root, 'apps')).map((name) => ({ room: `app-${name}`, path: join('apps', name) })),
  ]
  return rooms.flatMap(({ room, path }) => {
    const manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
    const allowed = arrows[room]
    if (!allowed) return [`${path}: no line in scripts/arrows.json; say what it may use`]
    const wrong = (names, extra) =>
      Object.keys(names ?? {})
        .filter((name) => name.startsWith('@sealane/'))
        .map((name) => name.slice('@sealane/'.length))
        .filter((name) => !allowed.includes(name) && !extra.includes(name))
        .map((name) => `${path} → ${name}: this arrow is not in scripts/arrows.json`)
    return [
      ...wrong(manifest.dependencies, []),
      ...wrong(manifest.devDependencies, ['testkit', 'recordings']),
    ]
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = forbiddenArrows(process.cwd())
  for (const line of lines) process.stdout.write(`${line}\n`)
  process.exitCode = lines.length === 0 ? 0 : 1
}
