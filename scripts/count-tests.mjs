// Prints "passed failed" of a test runner's report: `vitest FILE` (its JSON reporter) or `cargo FILE` (its output).
import { readFileSync } from 'node:fs'

const [runner, file] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
if (runner === 'vitest') {
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(text)
  // A file that could not even be loaded counts as a failure although it has no test.
  process.stdout.write(
    `${numPassedTests} ${Math.max(numFailedTests, numFailedTests === 0 ? numFailedTestSuites : 0)}\n`,
  )
} else {
  const totals = [...text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)]
  const sum = (column) => totals.reduce((total, match) => total + Number(match[column]), 0)
  process.stdout.write(`${sum(1)} ${sum(2)}\n`)
}
