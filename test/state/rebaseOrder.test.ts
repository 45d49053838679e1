/** A log that another page moved first: whatever of ours comes while it is read again stays behind what came before. SPEC W1, W5. */
import { expect, test, vi } from 'vitest'
import { memoryStorage } from '../../src/index.ts'
import { newScope, openPage, research, script } from './support/page.ts'

const RUN = 'r:wf1.research.1'

function signal(): { given: Promise<void>; give: () => void } {
  let give = (): void => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}

test('W1 W5 a frame that was under way when the conflict came is accepted behind the events that were handed back', async () => {
  const storage = memoryStorage()
  const [ours, theirs] = [openPage(newScope(), { storage }), openPage(newScope(), { storage })]
  await ours.boot()
  const lines = script()
  ours.source.emit(lines.stream, research(lines))
  await ours.ledger.whenIdle()
  await theirs.boot()
  const other = script('live:2')
  theirs.source.emit(other.stream, [other.event(RUN, 'iteration.started', { iteration: 7 })])
  await theirs.ledger.whenIdle()

  const { readRecords, write } = storage.ledger
  const [second, rest] = [signal(), signal()]
  storage.ledger.readRecords = async (logs) => {
    if (logs.includes('r:new')) {
      second.give()
      await rest.given
    }
    return readRecords(logs)
  }
  let conflicts = 0
  storage.ledger.write = async (batch) => {
    await second.given
    try {
      return await write(batch)
    } catch (error) {
      conflicts += 1
      // The frame goes on once somebody waits for it.
      setTimeout(rest.give, 0)
      throw error
    }
  }
  const iteration = (count: number) => lines.event(RUN, 'iteration.started', { iteration: count })
  ours.source.emit(lines.stream, [iteration(8)])
  await vi.waitUntil(() => JSON.stringify(ours.state().runs.records).includes('"iteration":8'), {
    interval: 1,
  })
  // This one waits for a run that is not in memory, while the first meets the other page's event.
  ours.source.emit(lines.stream, [iteration(9), lines.event('r:new', 'run.registered', {})])
  await second.given
  await ours.ledger.whenIdle()
  expect(conflicts).toBeGreaterThan(0)
  const stored = await storage.ledger.readEvents(RUN, { after: 5, limit: 100 })
  expect(stored.map(({ sequence, payload }) => [sequence, payload['iteration']])).toEqual([
    [6, 7],
    [7, 8],
    [8, 9],
  ])
})
