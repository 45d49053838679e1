// Writes the page of results from all parts that were measured. Nothing in it is written by hand.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PARTS } from '../parts/index.mjs'
import { readResults, resultsFolder } from './results.mjs'
import { spread } from './statistics.mjs'

/** A median of fewer says so. */
const REPETITIONS = 5
const repo = join(import.meta.dirname, '../..')

/** @param {boolean} quick @returns {{ file: string, summary: string }} What to say on the console, too. */
export function writeReport(quick) {
  const file = quick ? join(resultsFolder(true), 'benchmarks.md') : join(repo, 'docs/benchmarks.md')
  const measured = PARTS.flatMap((part) => {
    const results = readResults(part.name, quick)
    return results === null || results.samples.length === 0 ? [] : [{ part, results }]
  })
  const missing = PARTS.filter((part) => measured.every((each) => each.part !== part)).map(({ name }) => name)
  writeFileSync(
    file,
    [
      '# Benchmarks',
      `Written by \`npm run bench\`${quick ? ' with `--quick`: ten times smaller, for development, not for citing' : ''}. ` +
        'Real Chromium, production builds unless said otherwise, a fresh browser process per figure, profiles on disk. ' +
        'Figures are medians over repetitions with [smallest–largest]; ratios are taken within a repetition. Goals are judged by the median. ' +
        'Foreign cores are the processor cores that other programs kept busy meanwhile.',
      ...(missing.length > 0 ? [`**Not measured:** ${missing.join(', ')}.`] : []),
      '## Goals',
      table(['goal', 'limit', 'measured', ''], goalRows(measured)),
      ...measured.flatMap((each) => partSection(each)),
      '## Machine and versions',
      table(['what', 'version'], environmentRows(measured)),
    ].join('\n\n') + '\n',
  )
  const goals = goalRows(measured).map((row) => row.join('  |  '))
  const versions = environmentRows(measured).map(([name, value]) => `${name}: ${value}`)
  return { file, summary: [...versions, '', ...goals].join('\n') }
}

/** Every goal of what was measured: its text, its limit, the figure, and the verdict. */
function goalRows(measured) {
  return measured.flatMap(({ part, results }) =>
    part
      .goals(results.samples, results.settings)
      .map((goal) => [
        goal.text,
        limitOf(goal),
        cell({ spread: goal.spread, digits: 2, unit: goal.unit }),
        verdict(goal),
      ]),
  )
}

const limitOf = ({ atLeast, atMost, unit }) =>
  withUnit(atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`, unit)

/** @param {import('../parts/index.mjs').Goal} goal */
function verdict({ spread: measured, atLeast, atMost }) {
  if (measured === null) return 'not measured'
  const { median, count } = measured
  const isMet = (atLeast === undefined || median >= atLeast) && (atMost === undefined || median <= atMost)
  const few = count < REPETITIONS ? `, of ${count} only` : ''
  return `${isMet ? 'met' : '**not met**'}${few}`
}

function partSection({ part, results }) {
  const { samples, settings, failures, date, environment } = results
  const repetitions = new Set(samples.map(({ repetition }) => repetition)).size
  const foreign = spread(samples.map(({ values }) => values.cpu?.foreign))
  const busy =
    foreign === null ? '' : `, foreign cores ${foreign.median.toFixed(2)} (at most ${foreign.max.toFixed(2)})`
  return [
    `## ${part.title}`,
    part.intro(settings),
    ...part.tables(samples, settings).map(({ head, rows }) =>
      table(
        head,
        rows.map((row) => row.map(cell)),
      ),
    ),
    `${repetitions} ${repetitions === 1 ? 'repetition' : 'repetitions'}${repetitions < settings.repetitions ? ` of ${settings.repetitions}` : ''}, ${date.slice(0, 10)}, code ${environment['run-ledger']}${busy}.`,
    ...(failures.length > 0 ? [`Failed: ${failures.map(failureText).join('; ')}.`] : []),
  ]
}

const failureText = ({ subject, repetition, reason }) =>
  `${subject} in repetition ${repetition + 1} (${reason})`

/** Each part may have been measured at another time; where they differ, all values are listed. */
function environmentRows(measured) {
  const names = [...new Set(measured.flatMap(({ results }) => Object.keys(results.environment)))]
  return names.map((name) => [
    name,
    [...new Set(measured.map(({ results }) => results.environment[name]))].join('; '),
  ])
}

/** @param {import('../parts/index.mjs').Cell} content */
function cell(content) {
  if (typeof content === 'string') return content
  const { spread: measured, digits, unit = '' } = content
  if (measured === null) return '–'
  const text = (value) => number(value, digits)
  const { median, min, max } = measured
  const range = text(min) === text(max) ? '' : ` [${text(min)}–${text(max)}]`
  return `${withUnit(text(median), unit)}${range}`
}

const withUnit = (text, unit) => (unit === '' ? text : `${text} ${unit}`)

const number = (value, digits) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
