/**
 * Owns planting: a copy of the checkout, one bug at a time in it, and the tests that have to notice. A bug that
 * survives is a test that is missing. Nothing of the checkout itself is touched.
 */
import { execFileSync, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { applyEdit } from './bug.ts'
import type { PlantedBug } from './bug.ts'
import { BUGS } from './bugs.ts'

const ROOT = join(import.meta.dirname, '../..')
/** A bug may make a test wait for ever; what failed by then is in the report all the same. */
const DEADLINE_MS = 300_000

const USAGE = `npm run test:planted -- [name …]   Plants these bugs, or all: ${BUGS.map(({ name }) => name).join(', ')}`

/** The part of Vitest's JSON report that is looked at. */
interface Report {
  testResults: readonly {
    name: string
    message: string
    assertionResults: readonly { fullName: string; status: string }[]
  }[]
}

interface Seen {
  passed: number
  /** Names of tests that failed. */
  failed: readonly string[]
  /** Files that could not be run at all, with the reason. */
  broken: readonly string[]
}

/** Resolves with the exit code: 0 when every bug was caught. */
export async function main(args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  })
  const bugs = positionals.length === 0 ? BUGS : BUGS.filter(({ name }) => positionals.includes(name))
  if (values.help || bugs.length < positionals.length) {
    console.log(USAGE)
    return values.help ? 0 : 2
  }
  const copy = await mkdtemp(join(tmpdir(), 'run-ledger-planted-'))
  try {
    await copyCheckout(copy)
    const texts = await placesOf(copy, bugs)
    const unfit = await failingWithout(copy, bugs)
    let survived = 0
    for (const bug of bugs) if (!(await plant(copy, texts, unfit, bug))) survived += 1
    console.log(`${bugs.length} planted, ${bugs.length - survived} caught, ${survived} survived`)
    return survived === 0 ? 0 : 1
  } finally {
    await rm(copy, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Everything git would keep, as it is now, and the installed packages where they are. */
async function copyCheckout(to: string): Promise<void> {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const files = [...new Set(listed.split('\0'))].filter((file) => file !== '' && existsSync(join(ROOT, file)))
  for (const file of files) await cp(join(ROOT, file), join(to, file))
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'), 'dir')
}

/** The files the bugs go into, as they are. @throws Error when one of them has no place any more. */
async function placesOf(copy: string, bugs: readonly PlantedBug[]): Promise<ReadonlyMap<string, string>> {
  const files = new Set(bugs.flatMap(({ edits }) => edits.map(({ file }) => file)))
  const texts = new Map<string, string>()
  for (const file of files) texts.set(file, await readFile(join(copy, file), 'utf8'))
  for (const bug of bugs) edited(texts, bug)
  return texts
}

/** The files with the bug in them. @throws Error */
function edited(
  texts: ReadonlyMap<string, string>,
  { name, edits }: PlantedBug,
): ReadonlyMap<string, string> {
  const changed = new Map<string, string>()
  for (const edit of edits) {
    try {
      changed.set(edit.file, applyEdit(changed.get(edit.file) ?? texts.get(edit.file) ?? '', edit))
    } catch (error) {
      throw new Error(`${name} has no place any more.`, { cause: error })
    }
  }
  return changed
}

/** What fails without a bug, too, catches none. @throws Error when a file does not even run. */
async function failingWithout(copy: string, bugs: readonly PlantedBug[]): Promise<ReadonlySet<string>> {
  const files = [...new Set(bugs.flatMap(({ tests }) => tests))]
  const { passed, failed, broken } = await runTests(copy, files)
  console.log(`Without a bug: ${passed} passed, ${failed.length} failed`)
  for (const line of failed) console.log(`  ${line}`)
  if (passed === 0 || broken.length > 0) throw new Error(`These do not run: ${broken.join('\n')}`)
  return new Set(failed)
}

/** Tells whether it was caught: by a test of the law it breaks, not by a file that does not compile. */
async function plant(
  copy: string,
  texts: ReadonlyMap<string, string>,
  unfit: ReadonlySet<string>,
  bug: PlantedBug,
): Promise<boolean> {
  const began = performance.now()
  const changed = edited(texts, bug)
  for (const [file, text] of changed) await writeFile(join(copy, file), text)
  const { failed, broken } = await runTests(copy, bug.tests)
  for (const file of changed.keys()) await writeFile(join(copy, file), texts.get(file) ?? '')
  const noticed = failed.filter((name) => bug.breaks.test(name) && !unfit.has(name))
  const isCaught = noticed.length > 0 && broken.length === 0
  const seconds = Math.round((performance.now() - began) / 1_000)
  console.log(
    `${isCaught ? 'caught  ' : 'SURVIVED'} ${bug.name} (${failed.length} failed, ${seconds} s): ${bug.harm}`,
  )
  const shown = isCaught ? noticed.slice(0, 1) : [...failed, ...broken]
  for (const line of shown) console.log(`           ${line}`)
  return isCaught
}

async function runTests(copy: string, files: readonly string[]): Promise<Seen> {
  const output = join(copy, 'planted-report.json')
  await rm(output, { force: true })
  const vitest = join('node_modules', 'vitest', 'vitest.mjs')
  const args = ['run', '--project', 'node', '--reporter', 'json', '--outputFile', output, ...files]
  const said = await runNode(copy, [vitest, ...args])
  const text = await readFile(output, 'utf8').catch(() => null)
  if (text === null) return { passed: 0, failed: [], broken: [`no report:\n${said}`] }
  const { testResults } = JSON.parse(text) as Report
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  return {
    passed: results.filter(({ status }) => status === 'passed').length,
    failed: results.flatMap(({ fullName, status }) => (status === 'failed' ? fullName : [])),
    broken: testResults.flatMap(({ name, message, assertionResults }) =>
      assertionResults.length === 0 ? `${name}: ${message.split('\n')[0] ?? ''}` : [],
    ),
  }
}

/** Resolves with the last lines it said. */
function runNode(cwd: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const said: string[] = []
    const hear = (chunk: Buffer): void => void said.push(chunk.toString())
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
    child.once('close', () => {
      clearTimeout(deadline)
      resolve(said.join('').split('\n').slice(-20).join('\n'))
    })
  })
}
