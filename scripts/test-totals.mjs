// Prints `N passed, N failed` from Vitest's JSON report: node scripts/test-totals.mjs <report> <exit code>.
import { readFileSync } from 'node:fs'

const [reportFile, exitCode] = process.argv.slice(2)
const { passed, failed } = count()
// A run can fail with no failed test (an unhandled rejection, a crash); never print it as clean.
console.log(`${passed} passed, ${exitCode === '0' ? failed : Math.max(failed, 1)} failed`)

function count() {
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8'))
    // A file that fails to load has no tests of its own, so the file counts as one failure.
    const broken = report.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
    )
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length }
  } catch {
    return { passed: 0, failed: 0 }
  }
}
