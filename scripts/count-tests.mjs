// What test runners reported:
//   vitest FILE [AGAIN]   "passed failed" of a run, and of its failed files run AGAIN
//   failures FILE         each failed test with the first lines of its reason
//   failed-files FILE     the files that hold them
//   cargo FILE            "passed failed" of its output
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [kind, file, again] = process.argv.slice(2)

const kinds = {
  vitest() {
    const first = counted(file)
    if (again === undefined) return `${first.passed} ${first.failed}`
    const { failed } = counted(again)
    return `${first.passed + Math.max(0, first.failed - failed)} ${failed}`
  },
  failures() {
    return failedFiles(file)
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
  'failed-files'() {
    return failedFiles(file)
      .map(({ name }) => relative('.', name))
      .join('\n')
  },
  cargo() {
    const totals = [
      ...readFileSync(file, 'utf8').matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm),
    ]
    const sum = (column) => totals.reduce((total, match) => total + Number(match[column]), 0)
    return `${sum(1)} ${sum(2)}`
  },
}

function counted(report) {
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  // A file that could not even be loaded, or whose set-up failed, counts as a failure although no test of it does.
  return { passed: numPassedTests, failed: Math.max(numFailedTests, failedFiles(report).length) }
}

function failedFiles(report) {
  return JSON.parse(readFileSync(report, 'utf8')).testResults.filter(({ status }) => status === 'failed')
}

const text = kinds[kind]()
if (text !== '') process.stdout.write(`${text}\n`)
