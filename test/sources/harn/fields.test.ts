/** Fields of workers, compactions and handoffs: which source each is from. Rows 14, 18, 19, 23, 25. */
import { describe, expect, test } from 'vitest'
import { graphOfRecord } from '../../../src/sources/harn/actionGraphRecord.ts'
import { fillMissingChild } from '../../../src/sources/harn/children.ts'
import { exportHarnRun } from '../../../src/sources/harn/export.ts'
import { importHarnRun } from '../../../src/sources/harn/importRun.ts'
import type { HarnImport } from '../../../src/sources/harn/importRun.ts'
import type { Child, JsonObject } from '../../../src/sources/harn/records.ts'
import { CHILD } from '../../../src/sources/harn/records.ts'
import { at, ms, record, stage } from './support/records.ts'

type Fields = Record<string, unknown>

const imported = (fields: Fields = {}): HarnImport => importHarnRun(JSON.stringify(record(fields)))
const payloadsOf = ({ events }: HarnImport, type: string) =>
  events.filter(({ event }) => event.type === type).map(({ event }) => event.payload as Fields)
const exported = ({ events }: HarnImport) => JSON.parse(exportHarnRun(events).text ?? '{}') as Fields

const NOTHING: Child = {
  worker_id: 'w1',
  worker_name: null,
  parent_stage_id: null,
  run_id: null,
  run_path: null,
  session_id: null,
  parent_session_id: null,
  mutation_scope: null,
  approval_policy: null,
  task: null,
  request: null,
  provenance: null,
  status: null,
  started_at: null,
  finished_at: null,
  snapshot_path: null,
  execution: null,
}

/** Each field of a worker as `child_runs` and as a stage may have it; the empty text where it is one. */
const FIELDS: [keyof Child, listed: unknown, staged: unknown, empty: unknown][] = [
  ['worker_name', 'Listed', 'Staged', ''],
  ['parent_stage_id', 'run_1:write:2', 'run_1:plan:1', ''],
  ['run_id', 'run_l', 'run_s', ''],
  ['run_path', 'l/run.json', 's/run.json', ''],
  ['session_id', 'sl', 'ss', ''],
  ['parent_session_id', 'pl', 'ps', ''],
  ['mutation_scope', 'read_only', 'apply_workspace', ''],
  ['approval_policy', { auto: ['l'] }, { auto: ['s'] }, null],
  ['task', 'listed task', 'staged task', ''],
  ['request', { by: 'l' }, { by: 's' }, ''],
  ['provenance', { of: 'l' }, { of: 's' }, ''],
  ['status', 'failed', 'completed', ''],
  ['started_at', at(11), at(12), ''],
  ['finished_at', at(15), at(16), ''],
  ['snapshot_path', 'l/snapshot.json', 's/snapshot.json', ''],
  ['execution', { cwd: '/l' }, { cwd: '/s' }, null],
]

describe('harn 14: fill-missing of a worker', () => {
  test('the fields above are all there are', () => {
    const names = ['worker_id', ...FIELDS.map(([name]) => name)]
    expect(names.toSorted()).toEqual(Object.keys(CHILD).toSorted())
  })

  test.each(FIELDS)(
    '%s: filled in where it is missing, kept where it is known',
    (name, one, other, empty) => {
      const told = { ...NOTHING, worker_id: 'w2', [name]: other }
      expect(fillMissingChild(NOTHING, told)).toEqual({ ...NOTHING, [name]: other })
      expect(fillMissingChild({ ...NOTHING, [name]: empty }, told)).toEqual({ ...NOTHING, [name]: other })
      const known = { ...NOTHING, [name]: one }
      expect(fillMissingChild(known, told)).toEqual(known)
      expect(fillMissingChild(known, NOTHING)).toEqual(known)
    },
  )
})

/** How a stage names what `child_runs` calls otherwise, and what it keeps in `audit`. */
const AS_STAGED: Fields = { worker_name: 'name', run_id: 'child_run_id', run_path: 'child_run_path' }
const IN_AUDIT = new Set(['session_id', 'parent_session_id', 'mutation_scope', 'approval_policy'])

function savedWorker(fields: Fields): Fields {
  const audit = Object.entries(fields).filter(([name]) => IN_AUDIT.has(name))
  const own = Object.entries(fields).filter(([name]) => !IN_AUDIT.has(name) && name !== 'parent_stage_id')
  const named = own.map(([name, value]) => [String(AS_STAGED[name] ?? name), value])
  return { id: 'w1', ...Object.fromEntries(named), audit: Object.fromEntries(audit) }
}

/** The worker of a run whose list and whose stage `plan` each say some of its fields. */
function workerOf(listed: Fields, staged: Fields) {
  const result = imported({
    child_runs: [{ worker_id: 'w1', ...listed }],
    stages: [stage('plan', 1, { metadata: { worker: savedWorker(staged) } }), stage('write', 2)],
  })
  expect(result.report.skipped).toEqual([])
  const workers = result.entities.runs.filter(({ run }) => run.kind === 'subagent')
  expect(workers.map(({ run }) => run.id)).toEqual(['run_1:w1'])
  return workers[0]?.run
}

const inMetadata = (key: string, listed: unknown, staged: unknown): [Fields, Fields] => [
  { metadata: { [key]: listed } },
  { metadata: { [key]: staged } },
]

/** What the worker's run shows. `request`, `provenance` and `execution` are in the kept original only. */
const SHOWN: [string, listed: Fields, staged: Fields][] = [
  ['worker_name', { agentName: 'Listed' }, { agentName: 'Staged' }],
  ['parent_stage_id', { parentRunId: 'run_1:write:2', phase: 'write' }, { parentRunId: 'run_1:plan:1' }],
  ['run_id', ...inMetadata('harnRunId', 'run_l', 'run_s')],
  ['run_path', ...inMetadata('runPath', 'l/run.json', 's/run.json')],
  ['session_id', ...inMetadata('sessionId', 'sl', 'ss')],
  ['parent_session_id', ...inMetadata('parentSessionId', 'pl', 'ps')],
  ['mutation_scope', ...inMetadata('mutationScope', 'read_only', 'apply_workspace')],
  ['approval_policy', ...inMetadata('approvalPolicy', { auto: ['l'] }, { auto: ['s'] })],
  ['task', { prompt: { preview: 'listed task' } }, { prompt: { preview: 'staged task' } }],
  ['status', { status: 'failed' }, { status: 'completed' }],
  ['started_at', { startedAt: ms(11) }, { startedAt: ms(12), metadata: { times: { started_at: at(12) } } }],
  ['finished_at', { completedAt: ms(15) }, { completedAt: ms(16) }],
  ['snapshot_path', ...inMetadata('snapshotPath', 'l/snapshot.json', 's/snapshot.json')],
]

describe('harn 14: a worker that its stage and the run’s list both name', () => {
  const all = (side: 1 | 2): Fields => Object.fromEntries(FIELDS.map((field) => [field[0], field[side]]))
  const but = (fields: Fields, name: string): Fields => ({ ...fields, [name]: undefined })

  test.each(SHOWN)('%s: the stage’s where the list has none, else the list’s', (name, listed, staged) => {
    expect(workerOf(but(all(1), name), all(2))).toMatchObject(staged)
    expect(workerOf(all(1), all(2))).toMatchObject(listed)
    expect(workerOf(all(1), but(all(2), name))).toMatchObject(listed)
  })

  test.each(['request', 'provenance', 'execution'])(
    '%s: both are given back as they were written',
    (name) => {
      const fields = {
        child_runs: [{ worker_id: 'w1', [name]: all(1)[name] }],
        stages: [stage('plan', 1, { metadata: { worker: savedWorker({ [name]: all(2)[name] }) } })],
      }
      expect(exported(imported(fields))).toMatchObject(fields)
    },
  )
})

describe('harn 18: a compaction mark', () => {
  const told = { mode: 'auto', reason: 'over the limit', strategy: 'llm', archived_messages: 12 }
  const mark = { id: 'c1', archivedMessages: 12, details: { mode: 'auto', reason: 'over the limit' } }
  const event = (fields: Fields) => ({ transcript: { events: [{ kind: 'compaction', ...fields }] } })

  test.each([
    ['flat', event({ id: 'c1', metadata: told })],
    ['a receipt', event({ metadata: { receipt: { receipt_id: 'c1', ...told } } })],
    ['the record’s own list', { observability: { compaction_events: [{ id: 'c1', ...told }] } }],
    ['a stage', { stages: [stage('plan', 1, event({ id: 'c1', metadata: told }))] }],
    [
      'transcript and list, each with a part',
      {
        ...event({ id: 'c1', metadata: { mode: 'auto', archived_messages: null } }),
        observability: { compaction_events: [{ ...told, id: 'c1', mode: 'manual' }] },
      },
    ],
  ])('keeps archived count, mode and reason: %s', (_name, fields) => {
    expect(payloadsOf(imported(fields), 'transcript.compacted')).toMatchObject([mark])
  })
})

describe('harn 25: handoffs of three sources', () => {
  const links = [{ kind: 'run', label: 'Review', run_id: 'run_1', href: '/runs/run_1' }]
  const budget_remaining = { tokens: 500, tool_calls: 3, dollars: 0 }
  const deadline_checkback = { deadline: at(500), checkback_at: at(300) }
  const details = { receipt_links: links, budget_remaining, deadline_checkback, source_persona: 'Writer' }
  const sources = (list: Fields, artifact: Fields, event: Fields) => ({
    handoffs: [{ id: 'h1', task: 'check', created_at: at(3), ...list }],
    artifacts: [{ id: 'x', kind: 'handoff', data: { id: 'h1', ...artifact } }],
    transcript: { events: [{ kind: 'handoff', handoff: { id: 'h1', ...event } }] },
  })
  const handoffs = (fields: Fields) => payloadsOf(imported(fields), 'handoff.recorded')

  test.each([
    ['the list', sources(details, {}, {})],
    ['the artifact', sources({}, details, {})],
    ['the event', sources({}, {}, details)],
    [
      'the artifact, of which the list says nothing',
      sources({ budget_remaining: null, source_persona: '' }, details, {}),
    ],
    ['the list before others', sources(details, { source_persona: 'x' }, { budget_remaining: null })],
  ])('keep receipt links, who it is from, budget and deadline: of %s', (_name, fields) => {
    expect(handoffs(fields)).toMatchObject([{ id: 'h1', task: 'check', from: 'Writer', details }])
  })

  test('two ids stay two, whichever source they are of', () => {
    const two = sources({}, { id: 'h2', created_at: at(2) }, { id: 'h2', task: 'other' })
    expect(handoffs(two).map(({ id, task }) => [id, task])).toEqual([
      ['h2', 'other'],
      ['h1', 'check'],
    ])
  })
})

test('harn 19: failed_nodes is given back by the export', () => {
  const fields = { status: 'failed', failed_nodes: ['write', 'plan'] }
  expect(exported(imported(fields))).toEqual(record(fields))
})

test.each([
  [{ state: 'verified' }, 'verified'],
  ['verified', 'verified'],
  [{ state: 'perhaps' }, 'unsigned'],
  [null, 'unsigned'],
])('harn 23: of the signature %j the run and its action graph say the same', (signature_status, said) => {
  const trigger_event = { id: 'e1', provider: 'github', kind: 'push', signature_status }
  const fields = { metadata: { trigger_event } }
  const signatures = imported(fields).entities.runs.flatMap(({ run }) => run.metadata['signature'] ?? [])
  const node = graphOfRecord(record(fields) as JsonObject).nodes.find(({ kind }) => kind === 'trigger')
  expect([signatures, node?.outcome]).toEqual([[said], said])
})
