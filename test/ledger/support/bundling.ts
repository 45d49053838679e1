/** Twelve logs that are told at once, and what a ledger has to show of them: plain maps of events, and their fold. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { refold } from '../../../src/core/accept.ts'
import type { RunEvent } from '../../../src/core/entities.ts'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import type { LogId } from '../../../src/core/ids.ts'
import { INTACT } from '../../../src/ledger/port.ts'
import type { IntegrityReport, Ledger, LedgerBatch } from '../../../src/ledger/port.ts'
import { ALL } from '../../../src/testing/conformance/context.ts'
import type { Chronicle } from '../../../src/testing/conformance/samples.ts'
import { chatter, chronicle, randomEvent, seeded, started } from '../../../src/testing/conformance/samples.ts'
import type { Disk } from './databases.ts'
import { freshDisk, onDisk } from './databases.ts'

export const LOGS: readonly LogId[] = [
  ...Array.from({ length: 10 }, (_, at): LogId => `r:${at}`),
  'w:one',
  'w:two',
]

/** Some more of each log; one that nobody knows begins. */
export const more = (story: Chronicle, logs: readonly LogId[], count = 1): readonly SourceEvent[] =>
  logs.flatMap((log) =>
    story.records.has(log) ? chatter(log, count) : [started(log), ...chatter(log, count - 1)],
  )

let disks: Disk[] = []

export async function newDisk(): Promise<Disk> {
  const disk = await freshDisk()
  disks.push(disk)
  return disk
}

export async function cleanUp(): Promise<void> {
  for (const disk of disks) await disk.cleanup()
  disks = []
}

/** A disk where every log has begun, and has gone on in as many bundles: number n holds the n-th event of each. */
export async function bundled(rounds = 3, logs = LOGS): Promise<{ disk: Disk; story: Chronicle }> {
  const disk = await newDisk()
  const story = chronicle()
  for (let round = 0; round <= rounds; round += 1) await disk.ledger.write(story.tell(more(story, logs)))
  return { disk, story }
}

/** Where all logs end that are only ever told together, by whatever is asked at once. */
export async function headsOf(ledger: Ledger, { events }: Chronicle): Promise<number> {
  const [head, { logs }, records, read] = await Promise.all([
    ledger.readHead('r:0'),
    ledger.inventory(),
    ledger.readRecords(LOGS),
    ledger.readEvents('r:7', { after: 0, limit: ALL }),
  ])
  const ends = LOGS.map((log) => logs.get(log)?.at(-1)?.[1])
  expect(ends).toEqual(LOGS.map(() => ends[0]))
  const heads = [...records.values()].map((record) => lifecycleOf(record).lastSequence)
  expect(heads).toEqual(LOGS.map(() => heads[0]))
  expect(read).toEqual(events.get('r:7')?.slice(0, read.length))
  return head
}

export function forget({ records, events }: Chronicle, log: LogId): void {
  records.delete(log)
  events.delete(log)
}

export const bundlesOf = (disk: Disk) => onDisk(disk, (db) => db.getAllKeys('bundles'))
export const metaOf = (disk: Disk) => onDisk(disk, (db) => db.get('meta', 'ledger'))

/** What a check found, the logs in order. */
export async function checked(ledger: Ledger, options?: { full: boolean }): Promise<IntegrityReport> {
  const report = await ledger.check(options)
  return { ...report, lostLogs: report.lostLogs.toSorted() }
}

/** Sequences of a log as it reads. */
export const sequencesOf = async (ledger: Ledger, log: LogId): Promise<readonly number[]> =>
  (await ledger.readEvents(log, { after: 0, limit: ALL })).map(({ sequence }) => sequence)

const upTo = (head: number): number[] => Array.from({ length: head }, (_, at) => at + 1)

/** Sequences in ranges, in the order of the ranges: what is doubled shows. */
const sequencesIn = (ranges: readonly (readonly [number, number])[]): number[] =>
  ranges.flatMap(([first, last]) => upTo(last - first + 1).map((at) => at + first - 1))

/** Everything a ledger shows of all logs at once. */
export async function expectAll(ledger: Ledger, { events }: Chronicle): Promise<void> {
  const lists = (['run', 'workflow'] as const).map((entity) => ({ entity, limit: ALL }))
  const [found, listed, { logs }] = [
    await ledger.readRecords(LOGS),
    await ledger.listRecords(...lists),
    await ledger.inventory(),
  ]
  let chars = 0
  for (const log of LOGS) {
    const told = events.get(log) ?? []
    const record = JSON.stringify(refold(told)?.record)
    expect(JSON.stringify(found.get(log))).toBe(record)
    expect(JSON.stringify(listed.find((each) => each.log === log))).toBe(record)
    const ranges = logs.get(log) ?? []
    expect([log, ...sequencesIn(ranges)]).toEqual([log, ...upTo(told.length)])
    // A list as JSON has one comma less than events; each cut takes one away and brings two brackets.
    if (told.length > 0) chars += JSON.stringify(told).length + ranges.length - 1
  }
  const times = (entity: string): number[] =>
    listed.filter((each) => each.entity === entity).map((record) => lifecycleOf(record).sortAt)
  for (const order of [times('run'), times('workflow')]) {
    expect(order).toEqual(order.toSorted((a, b) => b - a))
  }
  const begun = LOGS.filter((log) => (events.get(log)?.length ?? 0) > 0)
  expect(listed.length).toBe(begun.length)
  expect(await ledger.counts()).toMatchObject({
    runs: begun.filter((log) => log.startsWith('r:')).length,
    workflows: begun.filter((log) => log.startsWith('w:')).length,
    events: [...events.values()].flat().length,
  })
  expect(await ledger.sizeOf()).toBe(chars)
  expect(await ledger.isConsistent()).toBe(true)
}

/** What a ledger shows of one log around a place. */
export async function expectLog(
  ledger: Ledger,
  log: LogId,
  told: readonly RunEvent[] = [],
  at = 0,
  limit = ALL,
): Promise<void> {
  const latest = (events: readonly RunEvent[]) => (limit === 0 ? [] : events.slice(-limit))
  const after = told.filter(({ sequence }) => sequence > at).slice(0, limit)
  const before = told.filter(({ sequence }) => sequence < at)
  expect(await ledger.readHead(log)).toBe(told.length)
  expect(await ledger.readEvents(log, { after: at, limit })).toEqual(after)
  expect(await ledger.readEvents(log, { before: at, limit })).toEqual(latest(before))
  expect(await ledger.readEvents(log, { limit })).toEqual(latest(told))
  const segments = await ledger.readSegments(log)
  expect(segments.flatMap(({ body }) => JSON.parse(body) as unknown[])).toEqual(told)
  expect(sequencesIn(segments.map(({ first, last }) => [first, last]))).toEqual(upTo(told.length))
  expect(await ledger.sizeOf(log)).toBe(segments.reduce((sum, { body }) => sum + body.length, 0))
}

/** What it shows of each log. */
export async function expectLogs(ledger: Ledger, { events }: Chronicle): Promise<void> {
  for (const log of LOGS) await expectLog(ledger, log, events.get(log), 3, 2)
  for (const log of LOGS) await expectLog(ledger, log, events.get(log))
}

/** All of both. */
export async function expectTold(ledger: Ledger, story: Chronicle): Promise<void> {
  await expectAll(ledger, story)
  await expectLogs(ledger, story)
}

export const logAt = (at: number): LogId => LOGS[at % LOGS.length] ?? 'r:0'

/** What a page does next, and how much of it. */
export interface Step {
  act: keyof typeof ACTS
  page: number
  log: number
  wide: number
  events: number
  times: number
  /** Where and how far is read after it, and how much a step of work takes. */
  at: number
  limit: number
}

type Act = (ledger: Ledger, step: Step, story: Chronicle, disk: Disk) => Promise<unknown>

const told = ({ log, wide, events }: Step): readonly LogId[] =>
  Array.from({ length: events === 0 ? 0 : wide }, (_, index) => logAt(log + index))

export const ACTS = {
  write: async (ledger, step, story) => {
    for (let time = 0; time < step.times; time += 1) {
      await ledger.write(story.tell(more(story, told(step), step.events)))
    }
  },
  decide: (ledger, step, story) => {
    const batch = story.propose(more(story, told(step), step.events))
    const decision = (records: ReadonlyMap<LogId, unknown>): LedgerBatch => {
      for (const log of LOGS)
        expect(JSON.stringify(records.get(log))).toBe(JSON.stringify(story.records.get(log)))
      return story.keep(batch)
    }
    return ledger.decide(LOGS, decision, 'relaxed')
  },
  tellAnything: (ledger, step, story) => {
    const random = seeded(step.at * 100 + step.log)
    const logs = told(step).filter((log) => story.records.has(log))
    return ledger.write(story.tell(logs.map((log) => randomEvent(random, log, step.at * 10))))
  },
  catchUp: (ledger, { limit }) => ledger.catchUp(limit),
  merge: async (ledger, { log, limit: keep }) => {
    for (let from: number | null = 0; from !== null;) {
      const step: { next: number | null } = await ledger.mergeSegments(logAt(log), { from, keep })
      from = step.next
    }
  },
  check: async (ledger) => expect(await ledger.check({ full: true })).toEqual(INTACT),
  refold: async (ledger, { limit }, _story, disk) => {
    await onDisk(disk, async (db) => {
      const { projected: _, ...meta } = (await db.get('meta', 'ledger')) ?? { projected: null }
      if ('batch' in meta) await db.put('meta', meta, 'ledger')
    })
    await ledger.refoldStale(limit + 1)
  },
  deleteLogs: async (ledger, { log, at }, story) => {
    await ledger.deleteLogs([logAt(log)], at)
    forget(story, logAt(log))
  },
  reopen: () => Promise.resolve(),
} satisfies Record<string, Act>

const often = ['write', 'write', 'write', 'decide', 'tellAnything', 'catchUp', 'merge', 'check'] as const
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record<Step>({
    act: fc.constantFrom(...often, 'refold', 'deleteLogs', 'reopen'),
    page: fc.nat(1),
    log: fc.nat(LOGS.length - 1),
    wide: fc.integer({ min: 1, max: LOGS.length }),
    events: fc.constantFrom(1, 1, 2, 3, 40),
    times: fc.constantFrom(1, 1, 2, 5, 30),
    at: fc.nat(60),
    limit: fc.nat(4),
  }),
  { minLength: 1, maxLength: 14 },
)

/** Two pages take these steps in turn, and both are looked at after each. */
export async function walk(all: readonly Step[]): Promise<void> {
  const { disk, story } = await bundled(1)
  const pages = [disk.ledger, await disk.reopen()]
  for (const step of all) {
    const page = pages[step.page] ?? disk.ledger
    await ACTS[step.act](page, step, story, disk)
    if (step.act === 'reopen') pages[step.page] = (await page.close(), await disk.reopen())
    for (const ledger of pages) {
      await expectAll(ledger, story)
      const log = logAt(step.log)
      await expectLog(ledger, log, story.events.get(log), step.at, step.limit)
    }
  }
  for (const ledger of [...pages, await disk.reopen()]) await expectTold(ledger, story)
  expect(await disk.ledger.check({ full: true })).toEqual(INTACT)
  await expectTold(disk.ledger, story)
}
