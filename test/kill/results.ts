/**
 * Owns what is kept of measurements: a log of lines per test and mode, from which a run is resumed, and one
 * summary line per run that is done. A run without its numbers counts as not run.
 */
import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'results')
const SUMMARIES = join(FOLDER, 'summaries.jsonl')

/** The first line of a run in its log. */
interface Begin {
  begin: string
  seed: number
  n: number
  build: string
}

interface End {
  end: string
}

export interface Run<Line> {
  seed: number
  lines: readonly Line[]
  add(line: Line): Promise<void>
  /** Writes the summary and closes the run: the next one begins anew. */
  finish(summary: Summary): Promise<void>
}

/** What every test reports; each adds its own figures. */
export type Summary = { test: string; mode: string; n: number; seed: number } & Readonly<
  Record<string, unknown>
>

/**
 * Goes on with the run of this size under way, or begins one.
 * @throws Error when another size is under way: its numbers would be lost.
 */
export async function openRun<Line>(
  test: string,
  mode: string,
  options: { n: number; seed: number | null; build: string },
): Promise<Run<Line>> {
  await mkdir(FOLDER, { recursive: true })
  // Ignored by git as every log is; the summaries are not.
  const file = join(FOLDER, `${test}-${mode}.log`)
  const all = await readLines<Begin | End | Line>(file)
  const begins = all.findLastIndex((line) => isObject(line) && 'begin' in line)
  const ended = all.slice(begins).some((line) => isObject(line) && 'end' in line)
  let begin = all[begins] as Begin | undefined
  if (begin === undefined || ended) {
    const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31)
    begin = { begin: `${test} ${mode}`, seed, n: options.n, build: options.build }
    await append(file, begin)
  } else if (begin.n !== options.n) {
    throw new Error(`A run of ${begin.n} is under way in ${file}; finish it, or delete the file.`)
  }
  const { seed } = begin
  return {
    seed,
    lines: ended ? [] : (all.slice(begins + 1) as Line[]),
    add: (line) => append(file, line),
    async finish(summary) {
      await append(SUMMARIES, summary)
      await append(file, { end: summary.test })
    },
  }
}

export const readSummaries = (): Promise<Summary[]> => readLines<Summary>(SUMMARIES)

/** Where a run took place, for its summary. */
export function surroundings(build: string): Record<string, unknown> {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--', 'src').length > 0
  return {
    build: `Chromium ${build}`,
    code: `${git('rev-parse', '--short', 'HEAD')}${changed ? ' and changes' : ''}`,
    cores: availableParallelism(),
    at: new Date().toISOString().slice(0, 10),
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const append = (file: string, line: unknown): Promise<void> => appendFile(file, `${JSON.stringify(line)}\n`)

/** A last line cut off by a killed harness is no line. */
async function readLines<Line>(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
}
