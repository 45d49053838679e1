/** What holds of every conversation: the same rows live and from disk, bounded, by anybody's ids. SPEC H3, P1, S1. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { selectChatRuntimeState, selectThreadRows } from '../../src/index.ts'
import type { ProcessingItem, ThreadRuntime, ToolTimelineRow } from '../../src/index.ts'
import { LIVE_TEXT_CHARS, PROSE_RUNS } from '../../src/state/chatRuntime/heard.ts'
import { SETTLED_LOGS_KEPT } from '../../src/state/windows.ts'
import { asyncProperty } from '../support/property.ts'
import { runtimeOf, tell, turnClock, turnScript } from './support/chatTurns.ts'
import type { TurnScript } from './support/chatTurns.ts'
import { newScope, openPage } from './support/page.ts'
import type { Page } from './support/page.ts'

async function newPage(scope = newScope()): Promise<Page> {
  const page = openPage(scope)
  await page.boot()
  return page
}

/** What a reload cannot bring back is left out: streamed prose and pieces of arguments, and who vouches for it. */
const rowShape = ({ unconfirmed: _, subagent, ...row }: ToolTimelineRow) => {
  if (subagent === undefined) return row
  return { ...row, subagent: { ...subagent, transcript: subagent.transcript.filter(isDeed) } }
}
const isDeed = ({ kind }: { kind: string }): boolean => kind === 'tool' || kind === 'toolCall'
const deedsOf = (items: readonly ProcessingItem[]) => items.filter(isDeed).map(({ seq: _, ...item }) => item)

const shape = (runtime: ThreadRuntime) => ({
  requestId: runtime.requestId,
  lifecycle: runtime.inferenceTurnLifecycle,
  rows: runtime.toolTimeline.map(rowShape),
  trails: Object.entries(runtime.turnTimelines).map(([request, rows]) => [request, rows.map(rowShape)]),
  tasks: runtime.backgroundTasks.map(rowShape),
  processing: deedsOf(runtime.processing),
  transcripts: Object.entries(runtime.turnTranscripts).map(([request, items]) => [request, deedsOf(items)]),
  parallel: runtime.parallelRequests,
  approval: runtime.pendingApproval,
  plan: runtime.pendingPlanReview,
  usage: runtime.usage,
  artifacts: runtime.artifacts,
})

type Act = (turn: TurnScript) => object
const of = <const Value>(...values: Value[]) => fc.constantFrom(...values)
const callId = of('', 'c1', 'c2', 'c3')
const task = of('s1', 's2', 's3')
/** Many things happen at the same moment. */
const after = of(0, 0, 1_000)
const toolStart = fc.record({ callId, name: of('read', 'spawn_subagent'), args: of('{"prompt":"p"}', 'x') })
const toolEnd = fc.record({ callId, name: of('read'), status: of('completed', 'failed'), output: of('y') })
const question = fc.record({
  questionId: of('approval:c1', 'plan:1', 'ask:1'),
  kind: of('approval', 'question'),
  prompt: of('Which?'),
})
const delta = fc.record({ kind: of('text', 'thinking'), text: of('so', ' on'), iteration: of(1, 2) })
const said = <Payload extends object>(type: string, payload: fc.Arbitrary<Payload>) =>
  fc.tuple(payload, after).map(
    ([told, wait]): Act =>
      (turn) =>
        turn.say(type, told, wait),
  )
const childSaid = <Payload extends object>(type: string, payload: fc.Arbitrary<Payload>) =>
  fc.tuple(task, payload, after).map(
    ([id, told, wait]): Act =>
      (turn) =>
        turn.child(id, type, told, wait),
  )
const end = fc.record({ to: of('completed', 'failed', 'awaiting_user', 'running'), trigger: of('errored') })

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: said('tool.started', toolStart) },
  { weight: 3, arbitrary: said('tool.finished', toolEnd) },
  said('iteration.started', fc.record({ iteration: of(1, 2, 3), max: of(8) })),
  said('text.delta', delta),
  said('args.delta', fc.record({ callId: of('c1', 'c9'), text: of('{') })),
  said('question.asked', question),
  said('usage.reported', fc.record({ key: of('turn'), scope: of('own'), inputTokens: fc.nat(9) })),
  said('artifact.recorded', fc.constant({ name: 'a.md', mediaType: 'text/markdown', content: 'a' })),
  {
    weight: 3,
    arbitrary: fc.tuple(task, of(null, 'c1', 'c2'), of('typed', 'async')).map(
      ([id, parentCallId, mode]): Act =>
        (turn) =>
          turn.spawned(id, { parentCallId, metadata: { mode } }),
    ),
  },
  { weight: 3, arbitrary: childSaid('tool.started', toolStart) },
  { weight: 2, arbitrary: childSaid('tool.finished', toolEnd) },
  childSaid('text.delta', delta),
  childSaid('run.transitioned', end),
  childSaid('question.asked', question),
)

asyncProperty(
  'H3 a conversation cut by a reload anywhere has the rows of one that was live throughout',
  fc.record({
    turns: fc.array(fc.record({ acts: fc.array(act, { maxLength: 18 }), ends: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    }),
    cut: fc.nat(40),
  }),
  async ({ turns, cut }) => {
    const clock = turnClock()
    const events = turns.flatMap(({ acts, ends }, index) => {
      const turn = turnScript(clock, `req-${index}`)
      const told = [turn.started(), ...acts.map((say) => say(turn)), ...(ends ? [turn.done()] : [])]
      return told.map((event) => ({ turn, event }))
    })
    const play = async (page: Page, from: number, to: number): Promise<void> => {
      for (const { turn, event } of events.slice(from, to)) page.source.emit(turn.stream, [event])
      await page.ledger.whenIdle()
    }
    const live = await newPage()
    await play(live, 0, events.length)

    const scope = newScope()
    const first = await newPage(scope)
    await play(first, 0, cut)
    await first.ledger.dispose()
    const second = await newPage(scope)
    await second.ledger.openThread('t1')
    // As a source does that does not know what was kept: all of it again.
    await play(second, 0, events.length)
    // A piece of arguments whose call was never announced is gone with its page, and its row with it.
    const withoutLoose = (page: Page) => {
      const { rows, processing, ...others } = shape(runtimeOf(page))
      const isAnnounced = ({ name }: { name: string }): boolean => name !== 'tool'
      return JSON.stringify({
        ...others,
        rows: rows.filter(isAnnounced),
        trails: others.trails.map(([request, trail]) => [
          request,
          (trail as { name: string }[]).filter(isAnnounced),
        ]),
        transcripts: others.transcripts.map(([request, items]) => [
          request,
          (items as { name: string }[]).filter(isAnnounced),
        ]),
        processing: processing.filter((item) => !('name' in item) || isAnnounced(item)),
      })
    }
    expect(JSON.parse(withoutLoose(second))).toEqual(JSON.parse(withoutLoose(live)))
    const ids = runtimeOf(live).toolTimeline.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    await live.ledger.dispose()
    await second.ledger.dispose()
  },
  20,
)

test('S1 threads, requests and calls may have any name', async () => {
  const page = await newPage()
  const clock = turnClock()
  const [one, two] = [
    turnScript(clock, '__proto__', '__proto__'),
    turnScript(clock, 'constructor', '__proto__'),
  ]
  await tell(page, one, one.started(), one.call('__proto__', 'read'), one.done())
  await tell(page, two, two.started(), two.call('toString', 'read'))
  const runtime = runtimeOf(page, '__proto__')
  expect(Object.keys(runtime.turnTimelines)).toEqual(['__proto__'])
  expect(runtime.turnTimelines['__proto__']).toMatchObject([{ callId: '__proto__' }])
  expect(runtime.turnTimelines['toString']).toBeUndefined()
  const { toolTimelineByThread } = selectChatRuntimeState(page.state())
  expect(Object.keys(toolTimelineByThread)).toEqual(['__proto__'])
  expect(toolTimelineByThread['constructor']).toBeUndefined()
  expect(runtimeOf(page, 'constructor')).toMatchObject({ requestId: null, toolTimeline: [] })
})

test('P1 a frame that touches one call leaves the other rows, threads and tables as they are', async () => {
  const page = await newPage()
  const clock = turnClock()
  const [one, two] = [turnScript(clock, 'req-1', 't1'), turnScript(clock, 'req-2', 't2')]
  await tell(page, one, one.started(), one.call('a', 'read'), one.call('b', 'read'), one.spawned('s'))
  await tell(page, two, two.started(), two.call('a', 'read'))
  const before = {
    one: runtimeOf(page),
    two: runtimeOf(page, 't2'),
    all: selectChatRuntimeState(page.state()),
  }
  await tell(page, one, one.result('b'))
  const after = {
    one: runtimeOf(page),
    two: runtimeOf(page, 't2'),
    all: selectChatRuntimeState(page.state()),
  }
  expect(after.two).toBe(before.two)
  expect(after.one.toolTimeline).not.toBe(before.one.toolTimeline)
  const isKept = after.one.toolTimeline.map((row, index) => row === before.one.toolTimeline[index])
  expect(isKept).toEqual([true, false, true])
  expect(after.one.usage).toBe(before.one.usage)
  expect(after.all.toolTimelineByThread).not.toBe(before.all.toolTimelineByThread)
  expect(after.all.usageByThread).toBe(before.all.usageByThread)
  expect(after.all.inferenceTurnLifecycleByThread).toBe(before.all.inferenceTurnLifecycleByThread)
  expect(runtimeOf(page)).toBe(after.one)
  expect(selectChatRuntimeState(page.state())).toBe(after.all)
})

test('P1 what is let go of is in no view of its thread, and is in both again when it is opened', async () => {
  const page = await newPage()
  const turn = turnScript(turnClock(), 'req-1')
  const end = { to: 'completed', trigger: 'result_received' }
  const ids = Array.from({ length: SETTLED_LOGS_KEPT + 20 }, (_, index) => `sub-${index}`)
  await tell(page, turn, turn.started())
  for (const id of ids) {
    page.source.emit(turn.stream, [turn.spawned(id), turn.child(id, 'run.transitioned', end)])
  }
  await page.ledger.whenIdle()
  const shown = () => ({
    runtime: runtimeOf(page)
      .toolTimeline.map(({ id }) => id)
      .toSorted(),
    rows: selectThreadRows(page.state(), 't1')
      .map(({ id }) => id)
      .toSorted(),
  })
  const kept = shown()
  expect(kept.rows).toHaveLength(SETTLED_LOGS_KEPT)
  expect(kept.runtime).toEqual(kept.rows)
  expect(selectThreadRows(page.state(), 't1')).toBe(selectThreadRows(page.state(), 't1'))
  await page.ledger.openThread('t1')
  expect(shown().rows).toHaveLength(ids.length)
  expect(shown().runtime).toEqual(shown().rows)
})

test('P1 what streams is bounded, and nothing of it outlives the run but its prose', async () => {
  const page = await newPage()
  const clock = turnClock()
  const turn = turnScript(clock, 'req-0')
  const long = 'word '.repeat(LIVE_TEXT_CHARS / 10)
  await tell(
    page,
    turn,
    turn.started(),
    ...[1, 2, 3].map((iteration) => turn.say('text.delta', { kind: 'text', text: long, iteration })),
    turn.say('args.delta', { callId: 'a', text: long.repeat(3) }),
    turn.say('heartbeat'),
  )
  const prose = page.state().chatRuntime.proseByRun['r:req-0'] ?? []
  expect(prose.reduce((sum, { text }) => sum + text.length, 0)).toBe(LIVE_TEXT_CHARS)
  expect(prose.map(({ iteration }) => iteration)).toEqual([2, 3])
  expect(runtimeOf(page).toolTimeline[0]?.argsBuffer).toHaveLength(LIVE_TEXT_CHARS)
  // Its last words and its end, in one frame.
  page.source.emit(turn.stream, [turn.say('text.delta', { kind: 'text', text: 'Bye.' }), turn.done()])
  await page.ledger.whenIdle()
  const { liveTextByRun, argsByRun, heartbeatsByRun, proseByRun } = page.state().chatRuntime
  expect({ liveTextByRun, argsByRun, heartbeatsByRun }).toEqual({
    liveTextByRun: {},
    argsByRun: {},
    heartbeatsByRun: {},
  })
  expect(proseByRun['r:req-0']?.at(-1)?.text).toBe('Bye.')

  for (let index = 1; index <= PROSE_RUNS; index += 1) {
    const next = turnScript(clock, `req-${index}`)
    page.source.emit(next.stream, [next.started(), next.say('text.delta', { kind: 'text', text: 'Hi.' })])
  }
  await page.ledger.whenIdle()
  const heard = Object.keys(page.state().chatRuntime.proseByRun)
  expect(heard).toHaveLength(PROSE_RUNS)
  expect(heard).not.toContain('r:req-0')
})
