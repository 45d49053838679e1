/** Half a minute of `npm run test:kill -- --test tabs`: three tabs that freeze, crash, close and reload. SPEC T1, T2, O1. */
import { expect, test } from 'vitest'
import { findBinary } from '../kill/chromium.ts'
import { modeOf } from '../kill/modes.ts'
import { LAST_MS, tabs } from '../kill/tabs.ts'
import type { TabsLine } from '../kill/tabs.ts'

const SOAK_MS = 25_000

test(
  'T1 T2 fault F6: whatever happens to tabs, there is one log a run, and all of them show it',
  { timeout: 120_000 },
  async () => {
    const lines: TabsLine[] = []
    await tabs.run({
      binary: await findBinary(),
      url: '',
      mode: modeOf('leveldb-relaxed'),
      seed: 20_260_101,
      n: 1,
      from: 0,
      until: Date.now() + SOAK_MS + LAST_MS,
      evidence: null,
      onLine: (line) => void lines.push(line),
    })
    const [line] = lines
    expect(line?.events).toBeGreaterThan(0)
    // Tabs to which nothing happens would be as equal.
    expect(line?.taken.length).toBeGreaterThan(0)
    expect(Object.entries(line?.verdict ?? {}).filter(([, count]) => count !== 0)).toEqual([])
  },
)
