import { readFileSync } from 'node:fs'

/** True when `pid` lives and its command line has `word` in it: a pid alone may be somebody else's by now. */
export function processLives(pid: number, word: string): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word)
  } catch {
    // No /proc here: the signal's answer has to do.
    return true
  }
}
