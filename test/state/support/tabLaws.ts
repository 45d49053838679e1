/** Owns what must be true of all tabs of a browser once they have come to rest. Laws T1, T2, W5. */
import { expect } from 'vitest'
import type { RunEvent } from '../../../src/core/entities.ts'
import { refold } from '../../../src/core/accept.ts'
import { isOurStream } from '../../../src/core/ids.ts'
import type { LogId } from '../../../src/core/ids.ts'
import type { Ledger } from '../../../src/ledger/port.ts'
import { at } from '../../../src/state/table.ts'
import type { Browser } from './tabs.ts'

export const historyOf = (ledger: Ledger, log: LogId): Promise<readonly RunEvent[]> =>
  ledger.readEvents(log, { after: 0, limit: 100_000 })

/** What the ledger puts into quarantine; it has its place in the stream all the same. */
const isRefused = ({ payload }: { payload: object }): boolean => 'refused' in payload

/** Lets everything settle, then: one log, equal to the core's history; every running tab shows it. */
export async function settleAll(browser: Browser, connections: number | null = 1): Promise<void> {
  const { core, ledger } = browser
  for (const tab of browser.tabs) {
    tab.thaw()
    tab.stall(false)
  }
  if (browser.tabs.every((tab) => !tab.isAlive())) await browser.open()
  for (const tab of browser.tabs) tab.visible = true
  await browser.pass(6_000)
  for (const tab of browser.tabs) tab.back()
  await browser.pass(1_000)

  const logs = [...new Set(core.history.map(({ log }) => log as LogId))]
  for (const log of logs) {
    const told = core.history.filter((event) => event.log === log && !isRefused(event))
    const stored = await historyOf(ledger, log)
    // What the ledger itself says of commands stands between what the core told.
    const mirrored = stored.filter(({ stream }) => !isOurStream(stream))
    expect(stored.map(({ sequence }) => sequence)).toEqual(stored.map((_, index) => index + 1))
    expect(mirrored.map(({ position }) => position)).toEqual(told.map(({ position }) => position))
    const record = (await ledger.readRecords([log])).get(log)
    expect(JSON.stringify(record)).toBe(JSON.stringify(refold(stored)?.record))
    for (const tab of browser.tabs.filter((each) => each.isAlive())) {
      expect(at(tab.state().runs.records, log), `tab ${tab.name}`).toEqual(record)
    }
  }
  const cursor = await ledger.readCursor('core:1')
  if (core.history.length > 0) expect(cursor).toMatchObject({ position: core.history.length, gaps: [] })
  if (connections !== null) expect(core.connections()).toBe(connections)
}
