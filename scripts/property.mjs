// `npm run test:property`: every property many times over. The model of crashing pages reaches 10,000 runs; of the
// others, each of which looks at one part, twenty times what `npm test` does is enough. RUN_LEDGER_RUNS replaces both.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
/** `test/model` makes 60 runs by itself. */
const MODEL_FACTOR = 167
const FACTOR = 20

const files = readdirSync(join(root, 'test'), { recursive: true })
  .map((file) => join('test', String(file)))
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => readFileSync(join(root, file), 'utf8').includes('support/property.ts'))
const model = files.filter((file) => file.startsWith(join('test', 'model')))
const parts = files.filter((file) => !model.includes(file))

function run(tests, factor) {
  const runs = process.env.RUN_LEDGER_RUNS ?? String(factor)
  console.log(`${tests.length} files, ${runs} times their runs`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'node', ...tests], {
    cwd: root,
    env: { ...process.env, RUN_LEDGER_RUNS: runs },
    stdio: 'inherit',
  })
  return status === 0
}

const passed = [run(parts, FACTOR), run(model, MODEL_FACTOR)]
process.exitCode = passed.every(Boolean) ? 0 : 1
