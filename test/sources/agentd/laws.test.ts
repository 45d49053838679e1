/** What the wire does to one agent's stream, and what an old row settles before we conclude. SPEC A1–A3, C1. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeEvent } from '../../../src/core/decode.ts'
import { lifecycleOf } from '../../../src/core/entities.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import { createStreamIntake } from '../../../src/core/intake.ts'
import { RECONCILE_STREAM } from '../../../src/core/reconcile.ts'
import { convert, streamOf } from '../../../src/sources/agentd/convert.ts'
import { AGENTD_STATES, judgeMove } from '../../../src/sources/agentd/states.ts'
import type { AgentdState } from '../../../src/sources/agentd/states.ts'
import { readFrame } from '../../../src/sources/agentd/wire.ts'
import { at as inTable } from '../../../src/state/table.ts'
import { agentRow, createAgentdDouble } from '../../../src/testing/doubles/agentd/index.ts'
import type { AgentdDouble } from '../../../src/testing/doubles/agentd/index.ts'
import { stamp, toWire } from '../../../src/testing/doubles/agentd/history.ts'
import { nothingKept, take } from '../../core/support/fold.ts'
import { machine } from '../../faults/support/page.ts'
import type { FaultyPage, Machine } from '../../faults/support/page.ts'
import { property } from '../../support/property.ts'
import { bootWith, lineTo } from './pages.ts'
import { AT, LOG } from './support.ts'

type Said = readonly [type: string, content: string | null, metadata: object | null]

const figures = (pick: number): object => ({
  input_tokens: pick,
  output_tokens: pick % 7,
  total_cost_usd: 0.5,
})

/** What an agent in this state may say next, and the state after it. */
function nextOf(state: AgentdState, pick: number): readonly [AgentdState, Said] {
  const text = `text ${pick}`
  const plain: Said[] = [
    ['output', text, null],
    ['thinking', text, null],
    ['dreamt', text, { of: 'sheep' }],
    ['context_cleared', null, null],
    ['usage_update', null, figures(pick)],
    ['tool_use', text, { tool_name: 'Bash', tool_id: `call ${pick}`, tool_input: { command: text } }],
    ['unusable', null, null],
  ]
  const moves = AGENTD_STATES.filter((to) => judgeMove(state, to) === 'legal').map(
    (to): readonly [AgentdState, Said] => [
      to,
      ['state_changed', to, { from: state, ...(to === 'stopped' && { exit_code: pick % 2 }) }],
    ],
  )
  const turns: (readonly [AgentdState, Said])[] = []
  if (judgeMove(state, 'busy') === 'legal') turns.push(['busy', ['prompt_sent', text, null]])
  if (state === 'busy')
    turns.push(['idle', ['result', text, { is_error: pick % 3 === 0, result_text: text }]])
  const still = plain.map((said): readonly [AgentdState, Said] => [state, said])
  const choices = [...moves, ...still, ...turns, ...turns, ...turns, ...turns]
  return choices[pick % choices.length] ?? [state, ['output', text, null]]
}

/** Frames as their texts, numbered from 1. */
function streamFrom(picks: readonly number[]): string[] {
  let state: AgentdState = 'idle'
  return picks.map((pick, index) => {
    const [to, [type, content, fields]] = nextOf(state, pick)
    state = to
    const seq = index + 1
    // Read as JSON, it has a key of its own by that name: the border refuses it, with its place.
    if (type === 'unusable') return `{"frame":"event","seq":${seq},"type":"agent:output","__proto__":{"a":1}}`
    const metadata = fields === null ? null : { ...fields }
    const created_at = stamp(AT + seq * 1_000)
    const event = { agent_id: 'a1', seq, event_type: type, session_number: 0, content, metadata, created_at }
    return JSON.stringify(toWire(event))
  })
}

/** Through the border, the intake and the fold, counted. */
function heard(frames: readonly string[]) {
  const intake = createStreamIntake<SourceEvent | null>(streamOf('a1'))
  const kept = nothingKept()
  const counts = { sent: 0, quarantined: 0, duplicate: 0 }
  const pass = (items: readonly (SourceEvent | null)[]): void => {
    for (const item of items)
      if (item === null) counts.quarantined += 1
      else take(kept, [item])
  }
  for (const text of frames) {
    const frame = readFrame(text)
    if (frame.kind !== 'event' && frame.kind !== 'broken') throw new Error(`not an event: ${text}`)
    for (const raw of convert('a1', frame, AT)) {
      counts.sent += 1
      const decoded = decodeEvent(raw, 'agentd:a1')
      if (decoded.kind === 'transient') throw new Error('not to be kept')
      const item = decoded.kind === 'event' ? decoded.event : null
      const position = decoded.kind === 'event' ? decoded.event.position : decoded.position
      if (position === null) throw new Error('without a place')
      const offered = intake.offer({ position, item }, 0)
      if (offered.kind === 'ready') pass(offered.items)
      if (offered.kind === 'duplicate') counts.duplicate += 1
      expect(offered.kind).not.toBe('refused')
    }
  }
  expect(intake.held()).toBe(0)
  const accepted = kept.events.get(LOG)?.length ?? 0
  expect(accepted + kept.redundant + counts.quarantined + counts.duplicate).toBe(counts.sent)
  return { record: told(kept.records.get(LOG)), quarantined: counts.quarantined }
}

/** Which fact came first, and the time of that one: the second fact of a frame has a key, and waits for no number. */
const ORDERED = new Set([
  'lastSequence',
  'updatedAt',
  'sortAt',
  'sequence',
  'createdAt',
  'startedAt',
  'elapsedMs',
])

const told = (record: unknown): unknown =>
  JSON.parse(JSON.stringify(record ?? null, (key, value: unknown) => (ORDERED.has(key) ? undefined : value)))

/** The first frame, which registers the run, prompts and results keep their order among themselves. */
const hasTwoFacts = (frame: string): boolean => /"agent:(prompt_sent|result)"|"seq":1,/.test(frame)

property(
  'A1 A2 agentd: a stream that is doubled or out of order is the stream it is, and cut off it is its beginning',
  fc.record({
    picks: fc.array(fc.nat(10_000), { minLength: 1, maxLength: 40 }),
    pushes: fc.array(fc.nat(4), { minLength: 40, maxLength: 40 }),
    copies: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 40, maxLength: 40 }),
    cut: fc.nat(40),
  }),
  ({ picks, pushes, copies, cut }) => {
    const frames = streamFrom(picks)
    const whole = heard(frames)
    const doubled = frames.flatMap((frame, index) => Array.from({ length: copies[index] ?? 1 }, () => frame))
    expect(heard(doubled)).toEqual(whole)
    const shuffled = frames
      .map((frame, index) => ({ frame, place: index + (hasTwoFacts(frame) ? 0 : (pushes[index] ?? 0)) }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ frame }) => frame)
    expect(heard(shuffled)).toEqual(whole)
    // The same beginning, of a stream that never went on.
    expect(heard(frames.slice(0, cut))).toEqual(heard(streamFrom(picks.slice(0, cut))))
    expect(heard([...frames.slice(0, cut), ...frames])).toMatchObject({ record: whole.record })
  },
)

let at: Machine
let double: AgentdDouble

beforeEach(async () => {
  at = machine()
  double = await createAgentdDouble()
})
afterEach(async () => {
  at.end()
  await double.close()
})

const lifeOf = (page: FaultyPage) => {
  const record = inTable(page.state().runs.records, LOG)
  return record === undefined ? null : lifecycleOf(record)
}
const concluded = (page: FaultyPage) =>
  (inTable(page.state().runs.tails, LOG) ?? []).filter(({ stream }) => stream === RECONCILE_STREAM)

/** The run after the next boot, when an earlier page knew it as running and the row has become another one. */
async function bootOver(fields: object): Promise<FaultyPage> {
  double.agents.set('a1', agentRow('a1', { activity: 'busy' }))
  const page = await bootWith(at, lineTo(double).options)
  expect(await page.until(() => lifeOf(page)?.status === 'running')).toBe(true)
  await page.meanwhile(page.ledger.dispose())
  double.agents.set('a1', agentRow('a1', { ...fields, updated_at: stamp(AT) }))
  const next = await bootWith(at, lineTo(double).options)
  await next.until(() => next.state().ledger.sources['agentd']?.state === 'connected')
  await next.meanwhile(next.ledger.openRun(LOG))
  await next.meanwhile(next.ledger.reconcile())
  await next.meanwhile(next.ledger.whenIdle())
  return next
}

test.each([
  { status: 'running' },
  { status: 'running', execution_state: 'pending' },
  { status: 'running', activity: 'idle' },
])(
  'agentd B5 the old row %j is read as life before anything is concluded: its run goes on',
  async (fields) => {
    const page = await bootOver(fields)
    expect(lifeOf(page)).toMatchObject({ status: 'running', attempt: 1, inferred: false })
    expect(concluded(page)).toEqual([])
  },
)

test('agentd B5 a row with a state is the word of its owner, over what we concluded', async () => {
  const page = await bootOver({ status: 'stopped', execution_state: 'stopped' })
  expect(lifeOf(page)).toMatchObject({ status: 'cancelled', attempt: 1, inferred: false })
})

test.each([
  [{ status: 'stopped' }, { status: 'cancelled' }],
  [{ status: 'stopped', execution_state: 'pending' }, { status: 'cancelled' }],
  [
    { status: 'failed', error: 'No such tool.' },
    { status: 'failed', error: 'No such tool.' },
  ],
])(
  'agentd B5 the old row %j says how the run ended, and nothing is concluded before',
  async (fields, life) => {
    const page = await bootOver(fields)
    expect(await page.until(() => lifeOf(page)?.status === life.status)).toBe(true)
    expect(lifeOf(page)).toMatchObject({ ...life, attempt: 1, inferred: true })
    expect(concluded(page)).toEqual([])
  },
)
