/**
 * Owns the command line of the harness: which test, in which mode, how many, for how long. A slice stops in
 * time, the next one goes on where it stopped.
 */
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findBinary } from './chromium.ts'
import { damage } from './damage.ts'
import { exits } from './exits.ts'
import { diskFull, quota } from './full.ts'
import { kills } from './killSummary.ts'
import type { Measurement } from './measurement.ts'
import { modeOf } from './modes.ts'
import type { Mode } from './modes.ts'
import { openRun, surroundings } from './results.ts'
import { resume } from './resume.ts'
import { serveSite } from './site.ts'
import { writeTable } from './table.ts'
import { tabs } from './tabs.ts'

const USAGE = `npm run test:kill -- [--test kills|exits|damage|disk-full|quota|tabs|resume] [--mode <back end>-<durability>[-bare]] [--n lines of a whole run]
                     [--minutes 9] [--seed n] [--evidence folder]
npm run test:kill -- --table`

interface Task {
  mode: Mode
  n: number | null
  seed: number | null
  minutes: number
  evidence: string
}

/** Resolves with the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      test: { type: 'string', default: 'kills' },
      mode: { type: 'string', default: 'leveldb-relaxed' },
      n: { type: 'string' },
      kills: { type: 'string' },
      minutes: { type: 'string', default: '9' },
      seed: { type: 'string' },
      evidence: { type: 'string', default: join(tmpdir(), 'run-ledger-kill-evidence') },
      table: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  if (values.table) {
    await writeTable()
    return 0
  }
  const { minutes, evidence } = values
  const task: Task = {
    mode: modeOf(values.mode),
    n: toNumber(values.kills ?? values.n),
    seed: toNumber(values.seed),
    minutes: Number(minutes),
    evidence,
  }
  switch (values.test) {
    case 'kills':
      return measure(kills, task)
    case 'exits':
      return measure(exits, task)
    case 'damage':
      return measure(damage, task)
    case 'disk-full':
      return measure(diskFull, task)
    case 'quota':
      return measure(quota, task)
    case 'tabs':
      return measure(tabs, task)
    case 'resume':
      return measure(resume, task)
    default:
      console.error(USAGE)
      return 2
  }
}

const toNumber = (text: string | undefined): number | null => (text === undefined ? null : Number(text))

async function measure<Line>(measurement: Measurement<Line>, task: Task): Promise<number> {
  const { test } = measurement
  const { mode, seed } = task
  const n = task.n ?? measurement.n
  const binary = await findBinary()
  const run = await openRun<Line>(test, mode.name, { n, seed, build: binary.build })
  const lines = [...run.lines]
  const title = `${test} ${mode.name}`
  console.log(`${title}: ${lines.length} of ${n} done, seed ${run.seed}, Chromium ${binary.build}`)
  // Losing everything now and then is what the baseline is there to show.
  const evidence = mode.journal ? task.evidence : null
  if (evidence !== null) await mkdir(evidence, { recursive: true })
  const until = Date.now() + task.minutes * 60_000
  const site = await serveSite()
  try {
    await measurement.run({
      binary,
      url: site.url,
      mode,
      seed: run.seed,
      n,
      from: lines.length,
      until,
      evidence,
      async onLine(line) {
        lines.push(line)
        await run.add(line)
        const fault = measurement.fault(line)
        if (fault !== null) console.log(JSON.stringify(fault))
        else if (lines.length % 10 === 0) console.log(`${title}: ${lines.length}`)
      },
    })
  } finally {
    await site.close()
  }
  if (lines.length < n) {
    console.log(`${title}: ${lines.length} of ${n} done; the same command goes on.`)
    return 0
  }
  const figures = measurement.summarize(mode, lines)
  const summary = {
    test,
    mode: mode.name,
    n,
    seed: run.seed,
    ...figures,
    ...surroundings(binary.build),
  }
  await run.finish(summary)
  await writeTable()
  console.log(JSON.stringify(summary))
  return 0
}
