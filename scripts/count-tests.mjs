// What test runners reported:
//   vitest FILE     "passed failed" of its JSON report
//   failures FILE   each failed test of that report, with the first lines of its reason
//   cargo FILE      "passed failed" of its output
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [kind, file] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')

const kinds = {
  vitest() {
    const { numPassedTests, numFailedTests } = JSON.parse(text)
    // A file that could not even be loaded, or whose set-up failed, counts as a failure although no test of it does.
    return `${numPassedTests} ${Math.max(numFailedTests, failedFiles().length)}`
  },
  failures() {
    return failedFiles()
      .flatMap(({ name, message, assertionResults }) => {
        const failed = assertionResults.filter(({ status }) => status === 'failed')
        const reasons = failed.map(({ fullName, failureMessages }) => [fullName, failureMessages.join('\n')])
        return (failed.length > 0 ? reasons : [['could not be loaded', message]]).map(
          ([title, reason]) =>
            `FAILED ${relative('.', name)}: ${title}\n${reason.split('\n').slice(0, 6).join('\n')}`,
        )
      })
      .join('\n')
  },
  cargo() {
    const totals = [...text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)]
    const sum = (column) => totals.reduce((total, match) => total + Number(match[column]), 0)
    return `${sum(1)} ${sum(2)}`
  },
}

function failedFiles() {
  return JSON.parse(text).testResults.filter(({ status }) => status === 'failed')
}

process.stdout.write(`${kinds[kind]()}\n`)
