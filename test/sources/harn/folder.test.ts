/** A folder of harn's files as one import: delegated runs, sessions, sidecars, circles, gaps. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { RunRecord } from '../../../src/core/entities.ts'
import { importHarnFolder } from '../../../src/sources/harn/folder.ts'
import type { HarnFile } from '../../../src/sources/harn/folder.ts'
import { harnFileKind, resolvePath } from '../../../src/sources/harn/folderFiles.ts'
import { foldEvents, importHarnRun } from '../../../src/sources/harn/importRun.ts'
import { property } from '../../support/property.ts'

const at = (second: number): string => new Date(Date.UTC(2026, 3, 22, 0, 0, second)).toISOString()

const record = (id: string, more: object = {}): string =>
  JSON.stringify({
    _type: 'run_record',
    id,
    workflow_id: 'wf',
    status: 'completed',
    started_at: at(0),
    finished_at: at(50),
    stages: [
      {
        id: `${id}:plan:0`,
        node_id: 'plan',
        kind: 'stage',
        status: 'completed',
        outcome: 'success',
        started_at: at(1),
        finished_at: at(40),
      },
    ],
    ...more,
  })
const child = (worker: string, path: string | null, more: object = {}) => ({
  worker_id: worker,
  worker_name: worker,
  status: 'completed',
  started_at: at(2),
  finished_at: at(30),
  run_path: path,
  ...more,
})
const session = (id: string): string =>
  [
    {
      type: 'tool_call',
      tool_call_id: 'c1',
      tool_name: 'read_file',
      kind: 'read',
      status: 'pending',
      raw_input: {},
    },
    { type: 'transcript_compacted', receipt: { receipt_id: 'rc1' } },
    {
      type: 'tool_call_update',
      tool_call_id: 'c1',
      tool_name: 'read_file',
      status: 'completed',
      raw_output: 'text',
    },
  ]
    .map((event, index) =>
      JSON.stringify({ index, emitted_at_ms: Date.parse(at(5 + index)), session_id: id, ...event }),
    )
    .join('\n')

const PARENT = {
  path: 'runs/a.json',
  text: record('A', { child_runs: [child('w1', '/home/x/runs/b.json'), child('w2', 'gone.json')] }),
}
const CHILD = { path: 'runs/b.json', text: record('B') }
const runsOf = (files: readonly HarnFile[]) => {
  const { entities } = foldEvents(importHarnFolder(files).events)
  return new Map(entities.runs.map((each) => [each.run.id, each]))
}
const notes = (files: readonly HarnFile[]) => importHarnFolder(files).report.notes

test('A7 a delegated run is found beside its record, under another machine’s path as well, and has its worker above it', () => {
  const { opens, report, events } = importHarnFolder([CHILD, PARENT])
  expect(opens).toBe('w:A')
  expect(report.files.map(({ path, kind }) => [path, kind])).toEqual([
    ['runs/a.json', 'run'],
    ['runs/b.json', 'run'],
  ])
  expect(report.notes).toEqual(['runs/a.json: the run of worker w2 is not among the files (gone.json).'])
  const { runs } = foldEvents(events).entities
  const worker = runs.find(({ run }) => run.id.endsWith('w1'))
  expect(runs.find(({ run }) => run.id === 'B')?.run.parentRunId).toBe(worker?.run.id)
  expect(worker?.run.parentRunId).toBe('A')
})

test('A7 a circle, a record that names itself, and sixty levels come to an end', () => {
  const circle = [
    { path: 'a.json', text: record('A', { child_runs: [child('w1', 'b.json')] }) },
    { path: 'b.json', text: record('B', { child_runs: [child('w2', 'a.json')] }) },
  ]
  expect(notes(circle)).toEqual(['b.json: worker w2 leads back to a.json; the circle is cut there.'])
  expect(importHarnFolder(circle).opens).toBe('w:A')
  const self = [{ path: 'a.json', text: record('A', { child_runs: [child('w1', './a.json')] }) }]
  expect(notes(self)).toEqual(['a.json: worker w1 leads back to a.json; the circle is cut there.'])
  const deep = Array.from({ length: 60 }, (_, n) => ({
    path: `${n}.json`,
    text: record(`R${n}`, { child_runs: [child(`w${n}`, `${n + 1}.json`)] }),
  }))
  expect(notes(deep).filter((note) => note.includes('deeper'))).toHaveLength(1)
  expect(importHarnFolder(deep).report.runs).toBe(60)
})

test('a session of a recorded worker is on that worker, folded before its end; a mark told twice is one', () => {
  const told = record('A', {
    child_runs: [child('w1', null, { session_id: 's/1' })],
    transcript: {
      events: [{ id: 'e', kind: 'compaction', metadata: { receipt: { receipt_id: 'rc1' } } }],
      assets: [],
    },
  })
  const files = [
    { path: 'a.json', text: told },
    { path: 'log.jsonl', text: `${session('s/1')}\n${session('s_1')}` },
  ]
  const { events, report, opens } = importHarnFolder(files)
  expect(opens).toBe('w:A')
  const runs = runsOf(files)
  const worker = [...runs.values()].find(({ run }) => run.id.endsWith('w1')) ?? expect.fail()
  expect(worker.toolCalls).toMatchObject([{ callId: 'c1', status: 'completed' }])
  expect(worker.run.status).toBe('completed')
  // Its name is nearly the same; it is another session, by itself.
  expect(runs.get('s_1')?.run).toMatchObject({ kind: 'background_agent', status: 'running' })
  expect(report.notes).toEqual(['log.jsonl: 2 marks are told by the run record already.'])
  expect(events.filter(({ event }) => event.type === 'transcript.compacted')).toHaveLength(1)
})

test('a sidecar belongs to the record it is named after; without it, it is told', () => {
  const text = JSON.stringify({ type: 'daemon_event', daemon_id: 'd', kind: 'spawned', timestamp: at(3) })
  const beside = { path: 'runs/b-llm/llm_transcript.jsonl', text }
  const own = importHarnFolder([CHILD, beside]).events.filter(
    ({ event }) => (event.payload as { name?: unknown }).name === 'daemon_event',
  )
  expect(own).toMatchObject([{ event: { log: 'r:B' } }])
  expect(importHarnFolder([beside]).report.skipped).toEqual([
    { path: beside.path, reason: 'The run record it belongs to is not among the files.' },
  ])
})

test('A3 what is none of harn’s files is told, and costs nothing else', () => {
  const others = [
    { path: 'notes.md', text: '# Hello' },
    { path: 'x.json', text: '{"a":1}' },
    { path: 'y.jsonl', text: '{"format":"run-ledger-archive","version":1}\n' },
  ]
  const { report, events } = importHarnFolder([...others, CHILD])
  expect(events).toEqual(importHarnFolder([CHILD]).events)
  expect(report.skipped.map(({ path }) => path)).toEqual(['notes.md', 'x.json', 'y.jsonl'])
  expect(importHarnFolder([]).opens).toBeNull()
})

test('a folder of one record is that record', () => {
  expect(importHarnFolder([CHILD]).events).toEqual(importHarnRun(CHILD.text).events)
})

test('harn 19: whatever form its record has, a run of a folder is counted and opens', () => {
  const plain = JSON.parse(record('A')) as Record<string, unknown>
  const { _type: _, stages: __, ...untyped } = plain
  const opened = (...contents: unknown[]) => {
    const path = 'a.json'
    const text = contents.map((each) => JSON.stringify(each)).join('\n')
    const { opens, report, events } = importHarnFolder([{ path, text }])
    expect(events.some(({ event }) => event.log === opens)).toBe(true)
    return [report.runs, opens]
  }
  const bundle = { _type: 'harn_session_bundle', replay: { run_record: plain } }
  expect(opened(bundle)).toEqual([1, 'w:A'])
  expect(opened(untyped)).toEqual([1, 'w:A'])
  expect(opened({ id: 'A', child_runs: [] })).toEqual([1, 'w:A'])
  expect(opened(plain, { ...plain, status: 'failed' })).toEqual([1, 'w:A'])
  expect(opened({ ...plain, id: ' no id ' })).toEqual([1, expect.stringMatching(/^w:run_[0-9a-f]{24}$/)])
})

test('a worker that delegated from within a session bundle has its run below it', () => {
  const record = JSON.parse(PARENT.text) as unknown
  const text = JSON.stringify({ _type: 'harn_session_bundle', replay: { run_record: record } })
  const { events } = importHarnFolder([CHILD, { path: PARENT.path, text }])
  const child = foldEvents(events).entities.runs.find(({ run }) => run.id === 'B')
  expect(child?.run.parentRunId).toBe('A:w1')
})

test('files are told apart by what is in them', () => {
  expect(harnFileKind(record('A'))).toBe('run')
  expect(harnFileKind(`\uFEFF${record('A')}\n${record('B')}`)).toBe('run')
  expect(harnFileKind(`[${record('A')}]`)).toBe('run')
  expect(harnFileKind(session('s'))).toBe('session')
  expect(harnFileKind('{"format":"run-ledger-archive","version":1}\n{"log":"r:a"}')).toBe('archive')
  for (const text of ['', 'null', '7', '[]', '[[]]', '{}', '{"type":7}', 'nonsense'])
    expect(harnFileKind(text)).toBe('unknown')
})

test('paths: as said, beside the record, by their end; never a guess between two', () => {
  const paths = new Set(['runs/a.json', 'runs/deep/b.json', 'old/deep/b.json', 'c.json'])
  expect(resolvePath(paths, 'runs/a.json', 'x.json')).toBe('runs/a.json')
  expect(resolvePath(paths, 'deep/../a.json', 'runs/b.json')).toBe('runs/a.json')
  expect(resolvePath(paths, 'C:\\work\\runs\\deep\\b.json', 'x.json')).toBe('runs/deep/b.json')
  expect(resolvePath(paths, '/tmp/deep/b.json', 'x.json')).toBeNull()
  expect(resolvePath(paths, '../../../etc/passwd', 'runs/a.json')).toBeNull()
})

const anyFile = fc.record({
  path: fc.constantFrom('a.json', 'b.json', 'c.json', 'a-llm/llm_transcript.jsonl', '../x', '__proto__'),
  text: fc.oneof(
    fc.json(),
    fc.string(),
    fc.constantFrom(
      record('A', { child_runs: [child('w1', 'b.json')] }),
      record('B', { child_runs: [child('w2', 'a.json', { session_id: 's' })] }),
      session('s'),
      PARENT.text,
    ),
  ),
})

property(
  'A1 A2 any files give events that fold, the same in any order',
  fc.uniqueArray(anyFile, { selector: ({ path }) => path, maxLength: 5 }),
  (files) => {
    const { events, report } = importHarnFolder(files)
    expect(importHarnFolder(files.toReversed()).events).toEqual(events)
    expect(report.files).toHaveLength(files.length)
    const { entities, refused } = foldEvents(events)
    expect(refused).toEqual([])
    const stored = [...entities.runs, ...entities.workflows].reduce(
      (sum, each) => sum + lifecycleOf(each as RunRecord).lastSequence,
      0,
    )
    expect(stored).toBe(events.length)
  },
  60,
)
