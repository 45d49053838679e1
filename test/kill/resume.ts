/**
 * Owns the resume proof as a measurement: fifty workflow runs whose page dies, ten whose browser is killed, and
 * failures under each policy. SPEC R1, R3, O1.
 */
import { isInTheMiddle, runProof } from '../resume/proof.ts'
import type { TrialLine } from '../resume/proof.ts'
import { WHOLE } from '../resume/trials.ts'
import type { Measurement, Slice } from './measurement.ts'

async function run({ binary, mode, seed, n, from, until, onLine }: Slice<TrialLine>): Promise<void> {
  await runProof({ binary, backEnd: mode.backEnd, seed, kinds: WHOLE.slice(0, n), from, until, onLine })
}

function summarize(_mode: unknown, lines: readonly TrialLine[]): Readonly<Record<string, unknown>> {
  const hits = lines.flatMap((line) => line.hits)
  const pages = lines.filter(({ kind }) => kind === 'page dies')
  const sum = (of: (line: TrialLine) => number): number => lines.reduce((all, line) => all + of(line), 0)
  const ended = (state: string): number =>
    sum(({ commands }) =>
      Object.entries(commands).reduce(
        (all, [name, count]) => all + (name.endsWith(` ${state}`) ? count : 0),
        0,
      ),
    )
  const firstInTheMiddle = pages.filter(
    ({ hits: [first] }) => first !== undefined && isInTheMiddle(first),
  ).length
  return {
    deaths: hits.length,
    byDeath: Object.fromEntries(
      ['crashed', 'closed', 'reloaded', 'browser killed'].map((death) => [
        death,
        hits.filter((hit) => hit.death === death).length,
      ]),
    ),
    firstInTheMiddle,
    // Deaths that all come before or after the work would prove nothing.
    enough: firstInTheMiddle >= (3 / 5) * pages.length,
    inTheMiddle: hits.filter(isInTheMiddle).length,
    calls: sum(({ calls }) => calls),
    again: sum(({ again }) => again),
    agreed: sum(({ agreed }) => agreed),
    loosened: sum(({ loosened }) => loosened),
    applied: ended('applied'),
    rejected: ended('rejected'),
    unknown: ended('unknown'),
    faulty: lines.filter(({ faults }) => faults.length > 0).length,
  }
}

export const resume: Measurement<TrialLine> = {
  test: 'resume',
  n: WHOLE.length,
  run,
  summarize,
  fault: (line) => (line.faults.length > 0 ? line : null),
}
