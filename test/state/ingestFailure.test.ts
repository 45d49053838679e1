/** The way of an event when something on it throws. SPEC A3, F1. */
import { combineReducers } from '@reduxjs/toolkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { selectLedgerStatus } from '../../src/index.ts'
import { eventsReceived, healthChanged } from '../../src/state/actions.ts'
import { RUN, statusOf } from './support/commands.ts'
import { newScope, openPage, research, script } from './support/page.ts'
import type { Page } from './support/page.ts'

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(() => {
  process.off('unhandledRejection', note)
})

const healths = (page: Page): unknown[] =>
  page.actions.filter(healthChanged.match).map(({ payload }) => payload)

/** What nobody handles is reported once the task that caused it is over. */
const nextTask = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0))

test('A3: a frame that cannot be folded is put aside with its reason, said, and the next one lands', async () => {
  const page = openPage(newScope())
  await page.boot()
  const reducer = combineReducers(page.ledger.reducers)
  let isBroken = true
  page.store.replaceReducer(((state, action) => {
    if (isBroken && eventsReceived.match(action) && action.payload.changes.length > 0) {
      isBroken = false
      throw new Error('The fold broke.')
    }
    return reducer(state, action)
  }) as typeof reducer)
  const lines = script()
  const all = research(lines)
  page.source.emit(lines.stream, all)
  await page.ledger.whenIdle()
  expect(healths(page)).toContainEqual({ state: 'recovering', reason: 'The fold broke.' })
  const { quarantine, quarantined } = selectLedgerStatus(page.state())
  expect(quarantined).toBe(all.length)
  expect(quarantine[0]).toMatchObject({
    stream: lines.stream.id,
    reason: 'it could not be taken in: The fold broke.',
    raw: expect.stringContaining('read_passage'),
  })

  const others = script('live:2')
  page.source.emit(others.stream, research(others))
  await page.ledger.whenIdle()
  expect(statusOf(page, RUN)).toBe('running')
  await nextTask()
  expect(unhandled).toEqual([])
  await page.ledger.dispose()
})

test('A3 a listener of the host that throws is said, and what it was told of is written all the same', async () => {
  const scope = newScope()
  const page = openPage(scope)
  await page.boot()
  let isBroken = true
  page.store.subscribe(() => {
    if (!isBroken || statusOf(page, RUN) === undefined) return
    isBroken = false
    throw new Error('The page broke.')
  })
  const lines = script()
  page.source.emit(lines.stream, research(lines))
  await page.ledger.whenIdle()
  expect(healths(page)).toContainEqual({ state: 'recovering', reason: 'The page broke.' })
  expect(statusOf(page, RUN)).toBe('running')
  expect(selectLedgerStatus(page.state()).quarantined).toBe(0)
  const other = openPage(scope)
  await other.boot()
  expect(statusOf(other, RUN)).toBe('running')
  await other.ledger.dispose()
  await nextTask()
  expect(unhandled).toEqual([])
  await page.ledger.dispose()
})
