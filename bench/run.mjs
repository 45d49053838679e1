// The bench: `npm run bench`. Options:
//   --quick          ten times smaller, results apart; for development
//   --only a,b       these parts only (burst, paced, fold, history, boot, development, disk)
//   --minutes n      begins no sample after n minutes; the next run goes on where this one stopped
//   --fresh          measures again what is there already
import { parseArgs } from 'node:util'
import { join } from 'node:path'
import { buildPages } from './lib/build.mjs'
import { environment, settleDisk } from './lib/machine.mjs'
import { runFolder } from './lib/profiles.mjs'
import { writeReport } from './lib/report.mjs'
import { discardResults, readResults, writeResults } from './lib/results.mjs'
import { serve } from './lib/server.mjs'
import { PARTS } from './parts/index.mjs'

/** A sample that takes longer is given up. */
const SAMPLE_MS = 240_000

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    minutes: { type: 'string' },
    fresh: { type: 'boolean', default: false },
  },
})
const { quick, fresh } = options
const parts = chosenParts(options.only)
const endsAt = performance.now() + Number(options.minutes ?? Number.POSITIVE_INFINITY) * 60_000

// Ctrl-C leaves nothing behind: the folder of this run goes when the process does.
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

const run = runFolder()
console.log('building')
const pages = await buildPages(join(run, 'pages'))
const servers = { production: await serve(pages.production), development: await serve(pages.development) }
const ports = { production: servers.production.port, development: servers.development.port }
const machine = await environment()

let left = 0
for (const part of parts) left += await measurePart(part)
for (const server of Object.values(servers)) server.close()
const { file, summary } = writeReport(quick)
console.log(`\n${summary}\n\nwritten: ${file}`)
if (left > 0) console.log(`${left} samples are left: run the same again to go on.`)
process.exit(0)

/** @param {import('./parts/index.mjs').Part} part @returns {Promise<number>} Samples that are still missing. */
async function measurePart(part) {
  const settings = part.settings(quick)
  const results = resultsOf(part, settings)
  const has = (repetition, subject) =>
    results.samples.some((sample) => sample.repetition === repetition && sample.subject === subject)
  let missing = 0
  for (let repetition = 0; repetition < settings.repetitions; repetition += 1) {
    for (const subject of inOrder(part.subjects(), repetition)) {
      if (has(repetition, subject)) continue
      if (performance.now() > endsAt) {
        missing += 1
        continue
      }
      await takeSample(part, results, repetition, subject)
    }
  }
  return missing
}

/** Samples so far, if they are of this code and these settings. */
function resultsOf(part, settings) {
  if (fresh) discardResults(part.name, quick)
  const known = readResults(part.name, quick)
  const isSame = known?.code === pages.hash && JSON.stringify(known.settings) === JSON.stringify(settings)
  const results = isSame
    ? known
    : {
        part: part.name,
        code: pages.hash,
        settings,
        environment: machine,
        date: '',
        samples: [],
        failures: [],
      }
  return results
}

async function takeSample(part, results, repetition, subject) {
  const began = performance.now()
  results.failures = results.failures.filter(
    (failure) => failure.repetition !== repetition || failure.subject !== subject,
  )
  try {
    const context = { subject, settings: results.settings, run, code: pages.hash, ports }
    await part.prepare?.(context)
    settleDisk()
    const values = await withinTime(part.sample(context))
    results.samples.push({ repetition, subject, values })
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    results.failures.push({ repetition, subject, reason })
    console.error(`  ${subject}: ${error instanceof Error ? error.message : String(error)}`)
  }
  results.date = new Date().toISOString()
  writeResults(results, quick)
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  console.log(`${part.name} ${repetition + 1}/${results.settings.repetitions} ${subject} ${seconds} s`)
}

/** Rotated from repetition to repetition and reversed every other time, so that nobody always goes first. */
function inOrder(subjects, repetition) {
  const at = repetition % subjects.length
  const rotated = [...subjects.slice(at), ...subjects.slice(0, at)]
  return repetition % 2 === 0 ? rotated : rotated.toReversed()
}

async function withinTime(work) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${SAMPLE_MS / 1_000} s`)), SAMPLE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function chosenParts(only) {
  if (only === undefined) return PARTS
  const names = only.split(',')
  const unknown = names.filter((name) => PARTS.every((part) => part.name !== name))
  if (unknown.length > 0) throw new Error(`No such part: ${unknown.join(', ')}.`)
  return PARTS.filter(({ name }) => names.includes(name))
}
