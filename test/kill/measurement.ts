/** Owns what all tests of the harness have in common: lines, one after the other, as many as asked for. */
import type { Binary } from './chromium.ts'
import type { Mode } from './modes.ts'

/** One run of a test, or the slice of it there is time for. */
export interface Slice<Line> {
  binary: Binary
  /** Of the harness's page. */
  url: string
  mode: Mode
  seed: number
  /** Lines in all, of which `from` are there. */
  n: number
  from: number
  /** Epoch milliseconds after which nothing new begins; the rest is for the next slice. */
  until: number
  /** Where the stored files of what went wrong are kept; null keeps none. */
  evidence: string | null
  onLine(line: Line): Promise<void> | void
}

export interface Measurement<Line> {
  test: string
  /** Lines of a whole run, unless asked for otherwise. */
  n: number
  /** Adds lines until all are there or the time is over. @throws Error when the harness itself failed */
  run(slice: Slice<Line>): Promise<void>
  /** The figures of a whole run. */
  summarize(mode: Mode, lines: readonly Line[]): Readonly<Record<string, unknown>>
  /** What a person should see of a line at once; null when all is as promised. */
  fault(line: Line): unknown
}

export const isOver = ({ n, until }: Pick<Slice<unknown>, 'n' | 'until'>, done: number): boolean =>
  done >= n || Date.now() >= until

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
