/**
 * Thirty deaths of the browser in the middle of writing, over both back ends: a slice of `npm run test:kill`, with
 * databases deleted and journals damaged in between.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findBinary } from '../kill/chromium.ts'
import type { Binary } from '../kill/chromium.ts'
import { CLEAN } from '../kill/history.ts'
import { runKills } from '../kill/kills.ts'
import type { KillLine } from '../kill/kills.ts'
import { isSilent } from '../kill/killSummary.ts'
import { modeOf } from '../kill/modes.ts'
import { serveSite } from '../kill/site.ts'
import type { ServedApp } from '../support/servedApp.ts'

const KILLS = 10
const SEED = 20_260_101

let site: ServedApp
let binary: Binary

beforeAll(async () => {
  binary = await findBinary()
  site = await serveSite()
})
afterAll(() => site.close())

async function kill(name: string): Promise<KillLine[]> {
  const lines: KillLine[] = []
  await runKills({
    binary,
    url: site.url,
    mode: modeOf(name),
    seed: SEED,
    n: KILLS,
    from: 0,
    until: Infinity,
    evidence: null,
    onLine: (line) => void lines.push(line),
  })
  return lines
}

describe.each(['leveldb-relaxed', 'leveldb-strict', 'sqlite-relaxed'])('%s', (mode) => {
  test(
    'W6 W7 what was acknowledged outlives the browser and the loss of either copy',
    { timeout: 180_000 },
    async () => {
      const lines = await kill(mode)
      // Chromium's own wipe on top of our damage takes both copies: no promise covers that.
      const judged = lines.filter(({ injected, wiped }) => !(injected === 'journal' && wiped))
      for (const line of judged) {
        expect(line, `kill ${line.kill}`).toMatchObject({ error: null, verdict: CLEAN })
      }
      expect(judged.filter(isSilent)).toEqual([])
      expect(lines).toHaveLength(KILLS)
      // A harness that killed nothing, or damaged nothing, would be as green.
      expect(lines.every(({ receipts }) => receipts > 0)).toBe(true)
      const wiped = lines.filter(({ injected }) => injected === 'wipe')
      expect(wiped.length).toBeGreaterThan(0)
      expect(wiped.every(({ opened }) => (opened?.restored ?? 0) > 0)).toBe(true)
      expect(lines.some(({ injected }) => injected === 'journal')).toBe(true)
    },
  )
})
