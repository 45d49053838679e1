/** Owns the laws of lists: bounded, newest first, ties ordered, no record skipped or repeated by paging. */
import type { LogRecord } from '../../core/entities.ts'
import { lifecycleOf, RUN_KINDS } from '../../core/entities.ts'
import type { LogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import type { Ledger, RecordFilter } from '../../ledger/port.ts'
import type { Conformance } from './context.ts'
import { ALL } from './context.ts'
import type { Chronicle } from './samples.ts'
import { chronicle, ended, started, tells } from './samples.ts'

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
    const before = { sortAt, log: 'r:run-~' } as const
    const expected = all.filter((record) => lifecycleOf(record).sortAt < sortAt)
    same(await t.ledger.listRecords({ entity: 'run', before, limit: ALL }), expected)
  })

  law('a page says where the next one begins, and how many there are in all', async (t) => {
    const story = await writeMany(t.ledger)
    for (const filter of queries()) {
      const expected = listed(story, filter)
      const found: LogRecord[] = []
      let before = null
      do {
        const page = await t.ledger.listPage({ ...filter, limit: 4, ...(before && { before }) })
        found.push(...page.records)
        before = page.next
        expect(`${nameOf(filter)} ${page.total.count}`).toBe(`${nameOf(filter)} ${expected.length}`)
        expect(page.total.exact).toBe(true)
        // A full page with nothing behind it is the last one.
        expect(`${nameOf(filter)} ${before !== null}`).toBe(
          `${nameOf(filter)} ${found.length < expected.length}`,
        )
      } while (before !== null)
      expect(`${nameOf(filter)} ${logs(found)}`).toBe(`${nameOf(filter)} ${logs(expected)}`)
      same(await t.ledger.countRecords(filter), { count: expected.length, exact: true })
    }
  })

  law('a record is listed by what it has become: status, kind, parent, thread', async (t) => {
    const story = chronicle()
    const log: LogId = 'r:a'
    const listedIn = async (filter: Omit<RecordFilter, 'entity'>): Promise<boolean> =>
      (await t.ledger.listRecords({ entity: 'run', ...filter, limit: 1 })).length === 1
    // Seen first as somebody's child that nobody registered.
    await t.ledger.write(story.tell([tells(log, 'iteration.started', { iteration: 1 }, 1)]))
    expect(await listedIn({ kind: 'subagent' })).toBe(true)
    const fields = { kind: 'team_member', parentThreadId: 'thread', parentRunId: 'parent' }
    await t.ledger.write(story.tell([started(log, 2, fields)]))
    expect(await listedIn({ kind: 'subagent' })).toBe(false)
    expect(await listedIn({ kind: 'team_member', parent: 'parent', thread: 'thread' })).toBe(true)
    await t.ledger.write(story.tell([tells(log, 'run.linked', { parentRunId: 'other' }, 3)]))
    const parents = story.records.get(log)
    expect(await listedIn({ parent: parents?.entity === 'run' ? (parents.run.parentRunId ?? '') : '' })).toBe(
      true,
    )
    await t.ledger.write(story.tell([ended(log, 4, 'failed')]))
    expect(await listedIn({ status: 'running' })).toBe(false)
    expect(await listedIn({ status: 'failed', kind: 'team_member' })).toBe(true)
    expect(await listedIn({ unsettled: true })).toBe(false)
    same(await t.ledger.countRecords({ entity: 'run' }), { count: 1, exact: true })
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
        ...(index % 5 === 0 ? { parentRunId: `run-${index % 2}` } : {}),
        kind: RUN_KINDS[index % 3],
      }
      const end = index % 6 === 0 ? 'failed' : 'completed'
      return index % 2 === 0 ? [started(log, at, fields), ended(log, at, end)] : [started(log, at, fields)]
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

function queries(): RecordFilter[] {
  const narrow: Omit<RecordFilter, 'entity'>[] = [
    {},
    { unsettled: true },
    { thread: 'thread-0' },
    { thread: 'thread-1', unsettled: true },
    { thread: 'none' },
    { workflow: 'flow-0' },
    { workflow: 'flow-1', thread: 'thread-0' },
    { workflow: 'flow-2', thread: 'thread-0', unsettled: true },
    { status: 'completed' },
    { status: 'running', unsettled: true },
    { status: 'paused' },
    { kind: 'subagent' },
    { kind: 'd' },
    { kind: 'worker_thread', status: 'failed' },
    { kind: 'd', status: 'running' },
    { parent: 'run-0' },
    { parent: 'run-1', status: 'running', kind: 'worker_thread' },
    { parent: 'run-0', thread: 'thread-0', workflow: 'flow-0', status: 'failed', kind: 'subagent' },
  ]
  return (['run', 'workflow'] as const).flatMap((entity) => narrow.map((each) => ({ entity, ...each })))
}

/** What the port promises, said naively. */
function listed(story: Chronicle, query: RecordFilter): LogRecord[] {
  return [...story.records.values()]
    .filter((record) => {
      if (record.entity !== query.entity) return false
      if (query.unsettled === true && isSettled(lifecycleOf(record).status)) return false
      const thread = record.entity === 'run' ? record.run.parentThreadId : record.workflow.parentThreadId
      if (query.thread !== undefined && thread !== query.thread) return false
      if (query.status !== undefined && lifecycleOf(record).status !== query.status) return false
      const kind = record.entity === 'run' ? record.run.kind : record.workflow.definitionId
      if (query.kind !== undefined && kind !== query.kind) return false
      const parent = record.entity === 'run' ? record.run.parentRunId : null
      if (query.parent !== undefined && parent !== query.parent) return false
      const workflow = record.entity === 'run' ? record.run.workflowRunId : null
      return query.workflow === undefined || workflow === query.workflow
    })
    .toSorted((a, b) => lifecycleOf(b).sortAt - lifecycleOf(a).sortAt || (a.log < b.log ? -1 : 1))
}

async function allPages(ledger: Ledger, query: RecordFilter, limit: number): Promise<LogRecord[]> {
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
const nameOf = (query: RecordFilter): string => JSON.stringify(query)

function fail(): never {
  throw new Error('The sample is too small.')
}
