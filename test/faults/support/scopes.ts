/** Owns two people who take turns at one browser, each leaving in the middle of what is written for them. Fault F30. */
import type { LogId } from '../../../src/core/ids.ts'
import { indexedDbLedger } from '../../../src/ledger/indexedDb.ts'
import { seeded } from '../../../src/testing/conformance/samples.ts'
import { systemClock } from '../../../src/platform/browser.ts'
import { keysOf } from '../../../src/state/table.ts'
import { openPage, script } from '../../state/support/page.ts'

interface Told {
  logs: readonly LogId[]
  own(log: LogId): boolean
}

/** Forty turns; gives back everything each person's ledger holds, and which of it is theirs. */
export async function openLedger(scopes: readonly string[]): Promise<readonly Told[]> {
  const random = seeded(30)
  const seen = scopes.map(() => new Set<LogId>())
  for (let turn = 0; turn < 40; turn += 1) {
    const who = random.below(scopes.length)
    const page = openPage(scopes[who] ?? '')
    const booting = page.boot()
    if (random.below(3) > 0) await booting
    const lines = script(`of ${who}, turn ${turn}`)
    const events = Array.from({ length: 1 + random.below(40) }, () =>
      lines.event(`r:${who}.${turn}`, 'tick', { turn }),
    )
    page.source.emit(lines.stream, events)
    for (let wait = random.below(12); wait > 0; wait -= 1)
      await new Promise((resolve) => void setImmediate(resolve))
    for (const log of keysOf(page.state().runs.records)) seen[who]?.add(log)
    await page.ledger.dispose()
    page.source.emit(lines.stream, events)
    await booting
  }
  return Promise.all(
    scopes.map(async (scope, who) => {
      const ledger = indexedDbLedger({ scope, clock: systemClock })
      const { logs } = await ledger.inventory()
      await ledger.close()
      return {
        logs: [...new Set([...logs.keys(), ...(seen[who] ?? [])])],
        own: (log) => log.startsWith(`r:${who}.`),
      }
    }),
  )
}
