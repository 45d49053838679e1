/** Owns the laws of lists: bounded, newest first, ties ordered, no record skipped or repeated by paging. */
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import type { Ledger, RecordQuery } from '../../ledger/port.ts'
import type { Conformance } from './context.ts'
import { ALL } from './context.ts'
import type { Chronicle } from './samples.ts'
import { chronicle, ended, started } from './samples.ts'

const RUNS = 40
const FLOWS = 12

export function listLaws({ law, same, expect }: Conformance): void {
  law('every list holds what it asks for, newest first, at most as many as asked', async (t) => {
    const story = await writeMany(t.ledger)
    for (const query of queries()) {
      const expected = listed(story, query)
      for (const limit of [0, 1, 3, 17, 500]) {
        const found = await t.ledger.listRecords({ ...query, limit })
        expect(`${nameOf(query)} ${logs(found)}`).toBe(`${nameOf(query)} ${logs(expected.slice(0, limit))}`)
      }
      same(await t.ledger.listRecords({ ...query, limit: ALL }), expected)
    }
  })

  law('paging with ties gives every record once, whatever the page size', async (t) => {
    const story = await writeMany(t.ledger)
    for (const query of queries()) {
      for (const limit of [1, 3, 7]) {
        const pages = await allPages(t.ledger, query, limit)
        expect(`${nameOf(query)} ${logs(pages)}`).toBe(`${nameOf(query)} ${logs(listed(story, query))}`)
      }
    }
  })

  law('a record that settles leaves the list of unsettled ones and moves to the front', async (t) => {
    const story = await writeMany(t.ledger)
    await t.ledger.write(story.tell([ended('r:run-01', 1_000)]))
    const unsettled = await t.ledger.listRecords({ entity: 'run', unsettled: true, limit: ALL })
    expect(unsettled.some((record) => record.log === 'r:run-01')).toBe(false)
    const newest = await t.ledger.listRecords({ entity: 'run', limit: 1 })
    expect(newest.map((record) => record.log)).toEqual(['r:run-01'])
    expect((await t.ledger.listRecords({ entity: 'run', limit: ALL })).length).toBe(RUNS)
  })

  law('a boundary that names no record continues at its time', async (t) => {
    const story = await writeMany(t.ledger)
    const all = listed(story, { entity: 'run' })
    const sortAt = lifecycleOf(all[20] ?? fail()).sortAt
    const before = { sortAt, log: 'r:run-' } as const
    const expected = all.filter((record) => lifecycleOf(record).sortAt < sortAt)
    same(await t.ledger.listRecords({ entity: 'run', before, limit: ALL }), expected)
  })
}

/** Many runs that share few times, threads and workflows; about half have settled. */
async function writeMany(ledger: Ledger): Promise<Chronicle> {
  const story = chronicle()
  const events = [
    ...Array.from({ length: RUNS }, (_, index) => {
      const log: LogId = `r:run-${String(index).padStart(2, '0')}`
      const at = Math.floor((index * 7) % RUNS) % 6
      const fields = {
        ...(index % 3 === 0 ? { parentThreadId: `thread-${index % 2}` } : {}),
        ...(index % 4 === 0 ? { workflowRunId: `flow-${index % 3}` } : {}),
      }
      return index % 2 === 0 ? [started(log, at, fields), ended(log, at)] : [started(log, at, fields)]
    }),
    ...Array.from({ length: FLOWS }, (_, index) => {
      const log: LogId = `w:flow-${String(index).padStart(2, '0')}`
      const fields = index % 2 === 0 ? { parentThreadId: 'thread-0' } : {}
      return index % 3 === 0 ? [started(log, 1, fields), ended(log, 2)] : [started(log, index % 2, fields)]
    }),
  ]
  for (const each of events) await ledger.write(story.tell(each))
  return story
}

function queries(): Omit<RecordQuery, 'limit'>[] {
  const narrow: Omit<RecordQuery, 'limit' | 'entity'>[] = [
    {},
    { unsettled: true },
    { thread: 'thread-0' },
    { thread: 'thread-1', unsettled: true },
    { thread: 'none' },
    { workflow: 'flow-0' },
    { workflow: 'flow-1', thread: 'thread-0' },
    { workflow: 'flow-2', thread: 'thread-0', unsettled: true },
  ]
  return (['run', 'workflow'] as const).flatMap((entity) => narrow.map((each) => ({ entity, ...each })))
}

/** What the port promises, said naively. */
function listed(story: Chronicle, query: Omit<RecordQuery, 'limit'>): LogRecord[] {
  return [...story.records.values()]
    .filter((record) => {
      if (record.entity !== query.entity) return false
      if (query.unsettled === true && isSettled(lifecycleOf(record).status)) return false
      const thread = record.entity === 'run' ? record.run.parentThreadId : record.workflow.parentThreadId
      if (query.thread !== undefined && thread !== query.thread) return false
      const workflow = record.entity === 'run' ? record.run.workflowRunId : null
      return query.workflow === undefined || workflow === query.workflow
    })
    .toSorted((a, b) => lifecycleOf(b).sortAt - lifecycleOf(a).sortAt || (a.log < b.log ? 1 : -1))
}

async function allPages(
  ledger: Ledger,
  query: Omit<RecordQuery, 'limit'>,
  limit: number,
): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  for (;;) {
    const last = found.at(-1)
    const before = last && { sortAt: lifecycleOf(last).sortAt, log: last.log }
    const page = await ledger.listRecords({ ...query, limit, ...(before && { before }) })
    if (page.length === 0) return found
    found.push(...page)
    if (found.length > 1_000) throw new Error('The pages never end.')
  }
}

const logs = (records: readonly LogRecord[]): string => records.map((record) => record.log).join(' ')
const nameOf = (query: Omit<RecordQuery, 'limit'>): string => JSON.stringify(query)

function fail(): never {
  throw new Error('The sample is too small.')
}
