/**
 * Commands × crashes × duplicates × late events × owners gone and back, over the real store, ledger and orchestrator:
 * whatever happens, no command takes effect twice, nothing that is paid for is paid again, nothing unclear is done
 * again unasked, nothing hangs, and in the end every report is there. SPEC C1, F4, O1, R1, R2, R3, W2.
 */
import 'fake-indexeddb/auto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asyncProperty } from '../support/property.ts'
import { happen, ops, start, tabOf } from './resumeActions.ts'
import type { Op } from './resumeActions.ts'
import { finish, reports } from './resumeFinish.ts'
import { Laws } from './resumeLaws.ts'
import { morning } from './resumeMorning.ts'
import { ResumeWorld } from './resumeWorld.ts'

const DAY = 24 * 3_600_000

/** The same nights in every `npm test`; others come with RUN_LEDGER_RUNS. */
const NIGHTS = fc.sample(ops, { seed: 4, numRuns: 10 })
const NAME = 'whatever happens to commands, pages and owners, the laws hold and every report comes'

test.each(NIGHTS.map((each, index) => [index + 1, each] as const))(
  `O1 R1 R2 R3 C1 F4 W2 night %i: ${NAME}`,
  (_number, each) => live(each),
)
asyncProperty(`O1 R1 R2 R3 C1 F4 W2 ${NAME}`, ops, live, 3)

async function live(each: readonly Op[]): Promise<void> {
  const world = new ResumeWorld()
  const laws = new Laws(world)
  try {
    start(world, await world.open())
    for (const next of each) if (await happen(world, next)) expect(await laws.broken()).toEqual([])
    await atRest(world, laws)
    await everybodyGone(world, laws)
    await everythingDone(world, laws)
  } finally {
    await world.end()
  }
}

/** Lines are up again and everything is quiet: pages agree, and asking again changes nothing. */
async function atRest(world: ResumeWorld, laws: Laws): Promise<void> {
  for (const { line } of world.tabs) line.stall(false)
  await world.settle()
  for (const { ledger } of world.tabs) await ledger.reconcile()
  await world.settle()
  expect(await laws.broken()).toEqual([])
  expect(await laws.shown()).toEqual([])
  expect(await laws.stopped()).toEqual([])
  const before = await world.records()
  for (const { ledger } of world.tabs) await ledger.reconcile()
  await world.settle()
  expect(await world.records(), 'C1').toEqual(before)
}

/** The night: all owners are gone, and a day later somebody opens a page. */
async function everybodyGone(world: ResumeWorld, laws: Laws): Promise<void> {
  for (const tab of world.tabs) tab.die()
  // What waited in the outbox is done in a life of its own.
  const first = await world.open()
  await world.settle()
  first.die()
  world.skip(DAY + 1)
  const tab = await world.open()
  await world.settle()
  await tab.ledger.reconcile()
  expect(await laws.broken()).toEqual([])
  expect(await laws.stuck()).toEqual([])
  expect(await morning(world, tab)).toEqual([])
  expect(await laws.unsettled()).toEqual([])
}

async function everythingDone(world: ResumeWorld, laws: Laws): Promise<void> {
  const tab = await tabOf(world, 0)
  expect(await finish(world, tab)).toEqual([])
  await world.settle()
  expect(await laws.broken()).toEqual([])
  expect(await laws.shown()).toEqual([])
  expect(await reports(world, (log) => laws.resultOf(log))).toEqual([])
}
