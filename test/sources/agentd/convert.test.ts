/** What each conversation event becomes, and that nothing of it is lost whatever comes. SPEC A1, A3. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEvent } from '../../../src/core/decode.ts'
import { approvalEvents, readApproval } from '../../../src/sources/agentd/approvals.ts'
import { convert } from '../../../src/sources/agentd/convert.ts'
import { readFrame, toEpochMs } from '../../../src/sources/agentd/wire.ts'
import { turn } from '../../../src/testing/doubles/agentd/index.ts'
import { toWire } from '../../../src/testing/doubles/agentd/history.ts'
import { property } from '../../support/property.ts'
import { AT, foldRaw, told } from './support.ts'

const wire = (seq: number, type: string, content: string | null, metadata: object | null = null): object =>
  toWire({
    agent_id: 'a1',
    seq,
    event_type: type,
    session_number: 0,
    content,
    metadata: metadata === null ? null : { ...metadata },
    created_at: '2026-03-21T09:00:00.123456789+00:00',
  })

function converted(...values: readonly unknown[]): ReturnType<typeof convert> {
  return values.flatMap((value) => {
    const frame = readFrame(value)
    return frame.kind === 'event' || frame.kind === 'broken' ? convert('a1', frame, AT) : []
  })
}

describe('a turn', () => {
  const events = converted(
    ...turn('What is here?', 'Three files.').map(([type, content, metadata], index) =>
      JSON.stringify(wire(index + 1, type, content, metadata)),
    ),
  )

  test('B7 each event has its number, and a second fact of it a key of that number', () => {
    expect(events.map(({ position, type }) => `${position} ${type}`)).toEqual([
      '1:agent run.registered',
      '1 run.transitioned',
      '1:prompt run.observed',
      '2 run.transitioned',
      '3 foreign',
      '4 foreign',
      '5 tool.finished',
      '6 foreign',
      '7 run.transitioned',
      '8 run.transitioned',
      '8:result artifact.recorded',
      '9 usage.reported',
    ])
  })

  test('agentd folds to an idle agent with its prompt, call, result and figures, told of once', () => {
    const { run, toolCalls, telemetry, notes } = foldRaw(events)
    expect(run).toMatchObject({
      kind: 'background_agent',
      status: 'idle',
      trigger: 'result_received',
      agentId: 'a1',
      prompt: { preview: 'What is here?' },
      artifacts: [{ name: 'result', content: { preview: 'Three files.' } }],
    })
    expect(toolCalls).toMatchObject([{ name: 'Bash', label: 'ls -la', status: 'unknown' }])
    expect(telemetry).toMatchObject({ inputTokens: 100, cachedInputTokens: 7, costUsd: 0.25, toolCount: 1 })
    expect(notes).toEqual({ irregular: 0, late: 0, refused: 0 })
  })

  test('agentd a price of 0 is a price it was not told', () => {
    const [event] = converted(wire(2, 'usage_update', null, { input_tokens: 0, total_cost_usd: 0 }))
    expect(event?.payload).toMatchObject({ inputTokens: 0, outputTokens: null, costUsd: null })
  })
})

test.each(['agent:activity_changed', 'agent:status_change', 'agent:state_changed', 'activity_changed'])(
  'agentd B6 defect 5: a change of state is understood under the name %s',
  (type) => {
    for (const field of ['activity', 'execution_state', 'status']) {
      const [event] = converted({ frame: 'event', seq: 2, type, agent_id: 'a1', [field]: 'busy' })
      expect([event?.type, event?.payload]).toMatchObject(['run.transitioned', { to: 'running' }])
    }
  },
)

test('A3 an event of a kind not known is kept by its name, and so is one about another agent', () => {
  const [unknown] = converted({ frame: 'event', seq: 2, type: 'agent:dreamt', agent_id: 'a1', of: 'sheep' })
  expect(unknown).toMatchObject({
    type: 'foreign',
    position: 2,
    payload: { source: 'agentd', name: 'agent:dreamt', value: { of: 'sheep' } },
  })
  const [other] = converted({
    frame: 'event',
    seq: 3,
    type: 'agent:activity_changed',
    agent_id: 'a2',
    activity: 'busy',
  })
  expect(other).toMatchObject({ type: 'foreign', payload: { value: { agent_id: 'a2', activity: 'busy' } } })
})

test('agentd a run that goes on with one of two approvals waits for the other', () => {
  const rows = (...states: string[]) =>
    states.flatMap((status, at) => {
      const row = { id: `p${at + 1}`, agent_id: 'a1', tool_name: 'Bash', status }
      return readApproval(row, AT) ?? []
    })
  const running = foldRaw([told('run.registered', { status: 'running' })])
  const first = approvalEvents(running, rows('pending', 'pending'), { now: AT, isWhole: true })
  const waiting = foldRaw(first, running, 'agentd:approvals')
  expect(waiting.run.status).toBe('awaiting_user')
  const goesOn = foldRaw([told('run.transitioned', { to: 'running', trigger: 'answered' })], waiting)
  for (const left of [rows('approved', 'pending'), rows('pending', 'denied')]) {
    const next = approvalEvents(goesOn, left, { now: AT, isWhole: true })
    const taken = new Set(first.map(({ position }) => position))
    const fresh = next.filter(({ position }) => !taken.has(position))
    expect(foldRaw(fresh, goesOn, 'agentd:approvals').run.status).toBe('awaiting_user')
  }
  expect(
    approvalEvents(goesOn, rows('approved', 'denied'), { now: AT, isWhole: true }).map(({ type }) => type),
  ).not.toContain('run.transitioned')
})

test('A3 fields without a meaning stay in the payload', () => {
  const [event] = converted({ ...wire(2, 'activity_changed', 'busy'), mood: 'calm' })
  expect(event?.payload).toMatchObject({ agentd: { mood: 'calm', session_number: 0 } })
})

test('A3 a content that cannot be used is refused by the border, and its place is known', () => {
  const [event] = converted('{"frame":"event","seq":7,"__proto__":{"a":1}}')
  expect(decodeEvent(event, 'agentd:a1')).toMatchObject({ kind: 'bad', position: 7 })
})

test('agentd times are RFC 3339 with any fraction; anything else is no time', () => {
  const ms = Date.UTC(2026, 2, 21, 9, 0, 0, 123)
  expect(toEpochMs('2026-03-21T09:00:00.123456789+00:00')).toBe(ms)
  expect(toEpochMs('2026-03-21T10:00:00.123+01:00')).toBe(ms)
  for (const other of [
    '',
    '1774000000',
    'transition',
    '2026-13-41T00:00:00Z',
    1_774_000_000,
    null,
    '1970-01-01T00:00:00Z',
  ])
    expect([other, toEpochMs(other)]).toEqual([other, null])
})

const TYPES = [
  'prompt_sent',
  'activity_changed',
  'tool_use',
  'result',
  'usage_update',
  'context_cleared',
  'output',
  'dreamt',
]
const FIELDS = [
  'line',
  'content',
  'activity',
  'tool_name',
  'tool_id',
  'tool_input',
  'is_error',
  'result_text',
  'metadata',
  'usage',
  'summary',
  'timestamp',
  'status',
  'mood',
]
const anEvent = fc
  .tuple(
    fc.integer({ min: 1, max: 1_000 }),
    fc.constantFrom(...TYPES.flatMap((type) => [type, `agent:${type}`])),
    fc.dictionary(
      fc.constantFrom(...FIELDS),
      fc.oneof(fc.jsonValue(), fc.string(), fc.constantFrom('busy', 'idle', 'failed')),
    ),
  )
  .map(([seq, type, fields]): Record<string, unknown> => ({
    ...fields,
    frame: 'event',
    seq,
    type,
    agent_id: 'a1',
  }))

property(
  'A1 anything at all is a frame or is not, and never throws',
  fc.anything({ withBigInt: true, withDate: true, withMap: true }),
  (value) => {
    for (const frame of [
      readFrame(value),
      readFrame(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? null : part))),
    ])
      if (frame.kind === 'event' || frame.kind === 'broken')
        expect(convert('a1', frame, AT).length).toBeGreaterThan(0)
  },
)

property(
  'A1 A3 every event keeps its place, decodes or is refused with it, and is the same again',
  anEvent,
  (fields) => {
    const events = converted(fields)
    expect(events.filter(({ position }) => position === fields['seq'])).toHaveLength(1)
    // A key `__proto__` is the one thing JSON holds that the border refuses: with its place, so nothing waits for it.
    const isRefused = JSON.stringify(fields).includes('"__proto__":')
    for (const event of events) {
      const expected = isRefused ? { kind: 'bad', position: fields['seq'] } : { kind: 'event' }
      expect(decodeEvent(event, 'agentd:a1')).toMatchObject(expected)
    }
    // As text, which has no -0.
    expect(JSON.stringify(converted(JSON.stringify(fields)))).toBe(JSON.stringify(events))
    if (!isRefused) foldRaw(events)
  },
)

property('A3 every text of an event is in what it became', anEvent, (fields) => {
  // Text inside text is quoted once more.
  const told = JSON.stringify(converted(fields)).replaceAll('\\', '')
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || name === 'frame' || name === 'type') continue
    expect([name, told.includes(JSON.stringify(value).slice(1, -1).replaceAll('\\', ''))]).toEqual([
      name,
      true,
    ])
  }
})
