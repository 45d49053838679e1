/**
 * Ten workflow runs of twelve children whose page or browser dies at random points, resumed until they are done, and
 * one under each policy with failures of its own: a slice of `npm run test:kill -- --test resume`.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { findBinary } from '../kill/chromium.ts'
import type { Binary } from '../kill/chromium.ts'
import { isInTheMiddle, runProof } from '../resume/proof.ts'
import type { TrialLine } from '../resume/proof.ts'
import type { TrialKind } from '../resume/trials.ts'

const SEED = 20_260_101

let binary: Binary

beforeAll(async () => {
  binary = await findBinary()
})

async function prove(kinds: readonly TrialKind[]): Promise<TrialLine[]> {
  const lines: TrialLine[] = []
  await runProof({
    binary,
    backEnd: 'leveldb',
    seed: SEED,
    kinds,
    from: 0,
    until: Infinity,
    onLine: (line) => void lines.push(line),
  })
  return lines
}

const many = (kind: TrialKind, length: number): TrialKind[] => Array.from({ length }, () => kind)

describe('a workflow of twelve children is resumed', () => {
  test(
    'R1 R3 O1 wherever its page died: the report is whole, and nothing finished is done again',
    { timeout: 240_000 },
    async () => {
      const lines = await prove([...many('page dies', 8), ...many('browser killed', 2)])
      expect(lines.flatMap(({ trial, faults }) => faults.map((fault) => `${trial}: ${fault}`))).toEqual([])
      expect(lines).toHaveLength(10)
      // Kills that all came before or after the work would prove nothing.
      const firsts = lines.flatMap(({ hits }) => hits.slice(0, 1))
      expect(firsts).toHaveLength(10)
      expect(firsts.filter(isInTheMiddle).length).toBeGreaterThanOrEqual(4)
    },
  )

  test('R1 R2 when three children fail, by the policy', { timeout: 240_000 }, async () => {
    const lines = await prove(many('policy', 4))
    expect(lines.flatMap(({ trial, faults }) => faults.map((fault) => `${trial}: ${fault}`))).toEqual([])
    // Three fail three times each; what the policy does not allow, a person has to give way on. A child that was cut off
    // on its last try goes on by another rule, so `up to 3` need not ask anybody here.
    const gaveWay = Object.fromEntries(lines.map((line) => [line.policy, line.gaveWay]))
    expect(gaveWay['always']).toBe(0)
    for (const policy of ['never', 'ask']) expect(gaveWay[policy], policy).toBeGreaterThan(0)
  })
})
