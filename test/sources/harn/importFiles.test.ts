/** Files: what they may be, what they may do, and that they come back out whole. Rows 19 and 27, laws A1, A3, S1. */
import { describe, expect, test } from 'vitest'
import { exportHarnRun } from '../../../src/sources/harn/export.ts'
import { importHarnRun } from '../../../src/sources/harn/importRun.ts'
import { at, record, stage } from './support/records.ts'

const text = (value: unknown): string => JSON.stringify(value)

describe('what a file may be', () => {
  test('harn 19: JSON, a list, JSON Lines with CRLF, BOM, blank, bad and torn lines, and parsed values', () => {
    const one = record()
    const two = record({ id: 'run_2', stages: [] })
    const ids = (input: unknown) => importHarnRun(input).entities.workflows.map(({ workflow }) => workflow.id)
    expect(ids(text(one))).toEqual(['run_1'])
    expect(ids(one)).toEqual(['run_1'])
    expect(ids(text([one, two]))).toEqual(['run_1', 'run_2'])
    expect(ids(`\uFEFF${JSON.stringify(one, null, 2)}`)).toEqual(['run_1'])
    const lines = importHarnRun(`\uFEFF${text(one)}\r\n\r\n{bad\r\n${text(two)}\r\n${text(two).slice(0, 50)}`)
    expect(lines.report.records).toBe(2)
    expect(lines.report.skipped.map(({ path }) => path)).toEqual(['line 3', 'line 5'])
  })

  test('harn 19: a record without `_type` is known by its fields; what is no run says what it is', () => {
    const { _type, ...untyped } = record()
    expect(_type).toBe('run_record')
    expect(importHarnRun(untyped).report.records).toBe(1)
    const reason = (input: unknown) => importHarnRun(input).report.skipped[0]?.reason
    expect(reason('not json')).toContain('neither JSON nor JSON Lines')
    expect(reason('')).toContain('neither JSON nor JSON Lines')
    expect(reason([])).toBe('It holds no records.')
    expect(reason(7)).toBe('It is not an object.')
    expect(reason({ a: 1 })).toBe('It is not a run record of harn.')
    expect(reason({ _type: 'replay_fixture' })).toContain('replay_fixture')
    expect(reason({ index: 0, type: 'turn_start' })).toContain('session')
    expect(reason({ _type: 'harn_session_bundle', replay: {} })).toContain('without a run record')
  })

  test('harn 19: a session bundle is its run, and its envelope is kept', () => {
    const bundle = {
      _type: 'harn_session_bundle',
      schema_version: 1,
      replay: { run_record: record(), seed: 4 },
      extra: [1],
    }
    const { entities, events, report } = importHarnRun(text(bundle))
    expect(entities.workflow?.workflow).toMatchObject({ id: 'run_1', status: 'completed' })
    expect(report.skipped).toEqual([])
    const kept = events.find(({ event }) => (event.payload as { name?: string }).name === 'session_bundle')
    expect(kept?.event.payload).toMatchObject({
      value: { schema_version: 1, replay: { seed: 4 }, extra: [1] },
    })
    expect(JSON.parse(exportHarnRun(events).text ?? '')).toEqual(record())
  })

  test('A2: a record without an id is told by its content, the same each time', () => {
    const { id, ...nameless } = record()
    expect(id).toBe('run_1')
    const first = importHarnRun(text(nameless))
    expect(first).toEqual(importHarnRun(nameless))
    expect(first.entities.workflow?.workflow.id).toMatch(/^run_[0-9a-f]{24}$/)
    expect(first.report.repaired[0]).toContain('no usable id')
    expect(importHarnRun(text({ ...nameless, task: 'other' })).entities.workflow?.workflow.id).not.toBe(
      first.entities.workflow?.workflow.id,
    )
  })

  test('A2: two files of one run in one input are told oldest first, in any order', () => {
    const early = record({
      status: 'running',
      finished_at: null,
      stages: [stage('plan', 1)],
      completed_nodes: ['plan'],
    })
    const { entities, report } = importHarnRun(`${text(record())}\n${text(early)}`)
    expect(importHarnRun(`${text(early)}\n${text(record())}`).entities).toEqual(entities)
    expect(entities.workflows).toHaveLength(1)
    expect(entities.workflow?.workflow).toMatchObject({ status: 'completed', inferred: false })
    expect(report.repeated).toBeGreaterThan(0)
  })
})

describe('S1: what a file may do', () => {
  test('the names of prototypes are harmless, and the one that is not is reported', () => {
    const hostile = text(record({ metadata: {}, id: 'constructor', stages: [] })).replace(
      '"metadata":{}',
      '"metadata":{"__proto__":{"polluted":1},"toString":"x"}',
    )
    const { entities, report, events } = importHarnRun(hostile)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(entities.workflow?.workflow.id).toBe('constructor')
    expect(report.skipped).toMatchObject([{ path: 'run.metadata.__proto__' }])
    expect(exportHarnRun(events).text).toContain('"toString": "x"')
  })

  test('nesting has a bound: what is deeper is reported, all else comes in', () => {
    const depth = 100_000
    const deep = text(record({ transcript: null })).replace(
      '"id":"run_1",',
      `"id":"run_1","deep":${'['.repeat(depth)}${']'.repeat(depth)},`,
    )
    const { entities, report } = importHarnRun(deep)
    expect(entities.workflow?.workflow.status).toBe('completed')
    expect(report.skipped[0]?.reason).toContain('nested deeper')
    const loop: Record<string, unknown> = record()
    loop['transcript'] = { left: loop, right: null }
    expect(importHarnRun(loop).entities.workflow?.workflow.id).toBe('run_1')
  })

  test('a file beyond 50 MB is refused with the reason, and a value that cannot be read as well', () => {
    const { report, events } = importHarnRun(' '.repeat(50 * 1024 * 1024 + 1))
    expect(events).toEqual([])
    expect(report.skipped[0]?.reason).toContain('at most')
    const trap = {
      ...record(),
      get task(): string {
        throw new Error('trap')
      },
    }
    expect(() => importHarnRun(trap)).not.toThrow()
  })

  test('values that are no JSON are reported with their place', () => {
    const { report, entities } = importHarnRun(
      record({ metadata: { when: new Map([[1, 2]]), what: () => 1, much: 10n } }),
    )
    expect(entities.workflow?.workflow.status).toBe('completed')
    expect(report.skipped.map(({ path }) => path)).toEqual(['run.metadata.what', 'run.metadata.much'])
  })

  test('A3: large texts, long lists and wide objects are kept in pieces the ledger takes, and come back whole', () => {
    const wide = Object.fromEntries(Array.from({ length: 3_000 }, (_, each) => [`k${each}`, each]))
    const value = record({
      transcript: { events: [], text: '𝒳'.repeat(100_000) },
      stages: [stage('plan', 1, { visible_text: 'y'.repeat(3_000_000), metadata: wide })],
      trace_spans: Array.from({ length: 2_000 }, (_, span_id) => ({ span_id })),
      unheard_of: { zeros: Array.from({ length: 20_000 }, () => 0) },
    })
    const { events, report } = importHarnRun(text(value))
    expect(report.skipped.filter(({ path }) => !path.startsWith('stage:'))).toEqual([])
    const { text: exported, missing } = exportHarnRun(events)
    expect(missing).toEqual([])
    expect(JSON.parse(exported ?? '')).toEqual(value)
    for (const { event } of events)
      expect(JSON.stringify(event.payload)).toEqual(
        expect.stringMatching(/^[^\uD800-\uDFFF]*(?:[\uD800-\uDBFF][\uDC00-\uDFFF][^\uD800-\uDFFF]*)*$/),
      )
  })
})

describe('export', () => {
  const rich = record({
    future_field: { nested: [1, { two: null }] },
    policy: { tools: ['grep'], tool_arg_constraints: [{ any: 1 }], approval: 7 },
    observability: {
      schema_version: 4,
      research_fact_count: 2,
      planner_rounds: [{ stage_id: 's' }],
      later: 'x',
    },
    replay_fixture: { _type: 'replay_fixture', id: 'f1' },
    stages: [stage('plan', 1, { new_in_stage: true })],
    evidence: { gaps: ['execution_identity/legacy_missing'] },
  })

  test('harn 27: every field comes back, understood or not', () => {
    const { text: exported } = exportHarnRun(importHarnRun(text(rich)).events)
    expect(JSON.parse(exported ?? '')).toEqual(rich)
  })

  test('harn 27: the same run is the same text, whatever the order of its keys', () => {
    const turned = Object.fromEntries(Object.entries(rich).toReversed())
    const [one, other] = [rich, turned].map((value) => exportHarnRun(importHarnRun(value).events).text)
    expect(one).toBe(other)
  })

  test('harn 27: import, export, import: the same events', () => {
    const once = importHarnRun(text(rich))
    expect(importHarnRun(exportHarnRun(once.events).text ?? '').events).toEqual(once.events)
  })

  test('a piece that is gone is named, and the rest comes back', () => {
    const { events } = importHarnRun(text(rich))
    const position = events.find(({ event }) => String(event.position).startsWith('transition:'))?.event
      .position
    const { text: exported, missing } = exportHarnRun(
      events.filter(({ event }) => event.position !== position),
    )
    expect(missing).toEqual([position])
    expect(JSON.parse(exported ?? '').transitions).toHaveLength(1)
    expect(exportHarnRun([])).toEqual({ text: null, missing: [] })
  })

  test('A2: nothing depends on the clock', () => {
    const { events } = importHarnRun(
      record({ started_at: '', finished_at: null, stages: [], transitions: [], checkpoints: [] }),
    )
    const times = new Set(events.map(({ event }) => event.timestamp))
    expect([...times]).toEqual([Date.UTC(2000, 0, 1) + 1])
    expect(at(0)).toBe('2026-04-22T00:00:00.000Z')
  })
})
