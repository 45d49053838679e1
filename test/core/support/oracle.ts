/**
 * What a run's events mean, said a second time and naively: written from DESIGN 2 and 3, recomputed from the
 * whole list, mutable. Shares types with `src/core`, no logic. Where it and the fold differ, one is wrong.
 */
import type {
  CostSource,
  Json,
  QuestionState,
  ToolCallStatus,
  ToolEffect,
} from '../../../src/core/entities.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import type { Ending, Life, Placed } from './oracleLives.ts'
import type { RunStatusName } from '../../../src/core/status.ts'
import { liveThrough } from './oracleLives.ts'

export interface CallView {
  id: string
  name: string
  status: ToolCallStatus
  inferred: boolean
  effect: ToolEffect | null
  args: string | null
  output: string | null
  failure: string | null
}

export interface QuestionView {
  questionId: string
  attempt: number
  state: QuestionState
  answer: Json
}

export interface RunView {
  lives: Life[]
  /** What the present attempt hands on. */
  result: string | null
  attemptOfEvent: number[]
  calls: CallView[]
  questions: QuestionView[]
  usage: Record<string, number | null>
  costSource: CostSource | null
  parents: string[]
  checkpoint: string | null
  artifacts: Record<string, string>
  late: number
  irregular: number
}

type Of<Type extends SourceEvent['type']> = Extract<SourceEvent, { type: Type }>

export const FIGURES = [
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'reasoningTokens',
  'costUsd',
] as const

export function runOracle(events: readonly SourceEvent[]): RunView {
  const { lives, placed, endings, goesOn, late, irregular, result } = liveThrough(events)
  const { calls, late: lateCalls } = callsOf(placed, endings)
  const tooLate = placed.filter(
    ({ event: { type }, current, alive }) =>
      ((type === 'iteration.started' || type === 'question.asked') && !alive) ||
      ((type === 'tool.started' || type === 'checkpoint.saved' || type === 'checkpoint.cleared') && !current),
  ).length
  return {
    lives,
    result,
    attemptOfEvent: placed.map((each) => each.attempt),
    calls,
    questions: questionsOf(placed, endings, goesOn),
    ...usageOf(events),
    parents: parentsOf(events),
    checkpoint: checkpointOf(placed, endings),
    artifacts: Object.fromEntries(
      events.flatMap((event) =>
        event.type === 'artifact.recorded' ? [[event.payload.name, event.payload.content.preview]] : [],
      ),
    ),
    late: late + lateCalls + tooLate,
    irregular,
  }
}

type WorkingCall = CallView & { callId: string; attempt: number; turn: number; open: boolean }

/** Calls by attempt, iteration and id; a nameless end belongs to the oldest open call of its name. */
function callsOf(placed: readonly Placed[], endings: readonly Ending[]): { calls: CallView[]; late: number } {
  const calls: WorkingCall[] = []
  let turn = 0
  let late = 0
  for (const { event, at, attempt, alive, current, over } of placed) {
    if (endings.some((each) => each.at === at && each.to === null && each.revived === null)) turn = 0
    if (event.type === 'iteration.started' && alive) turn = event.payload.iteration
    if (event.type === 'tool.started' && current) {
      const call = newCall(event, attempt, turn)
      if (calls.some((each) => each.id === call.id)) continue
      calls.push(call)
      if (over !== null) close(call, over)
    }
    if (event.type === 'tool.finished') {
      const mine = newCall(event, attempt, turn)
      const { callId, name, iteration } = event.payload
      const open = calls.filter(
        (each) =>
          each.attempt === attempt &&
          (each.open || each.inferred) &&
          (callId ? each.callId === callId : each.name === name) &&
          (iteration === undefined || each.turn === iteration),
      )
      const call = (callId && open.find((each) => each.id === mine.id)) || open[0]
      if (call) end(call, event)
      else if (calls.some((each) => each.id === mine.id)) continue
      else if (current) calls.push(end(mine, event))
      else late += 1
    }
    for (const { to } of endings.filter((each) => each.at === at)) {
      for (const call of calls.filter((each) => each.open)) close(call, to)
    }
  }
  return { calls: calls.map(({ callId: _1, attempt: _2, turn: _3, open: _4, ...view }) => view), late }
}

/** Ended with its run, which is all that is known of it. */
function close(call: WorkingCall, to: RunStatusName | null): void {
  call.status = to === 'completed' ? 'unknown' : to === 'cancelled' ? 'cancelled' : 'interrupted'
  call.inferred = true
  call.open = false
}

function newCall(event: Of<'tool.started' | 'tool.finished'>, attempt: number, now: number): WorkingCall {
  const turn = event.payload.iteration ?? now
  const callId = event.payload.callId || `${event.stream}:${event.position}`
  const { name = 'unknown', args } = event.payload
  const id = `${attempt}:${turn}:${callId}`
  const unknown = { inferred: false, output: null, failure: null }
  return {
    ...unknown,
    id,
    callId,
    attempt,
    turn,
    name,
    status: 'running',
    open: true,
    effect: event.type === 'tool.started' ? (event.payload.effect ?? null) : null,
    args: args?.preview ?? null,
  }
}

function end(call: WorkingCall, { payload }: Of<'tool.finished'>): WorkingCall {
  call.open = false
  call.inferred = false
  call.status = payload.status
  call.args = payload.args?.preview ?? call.args
  call.output = payload.output?.preview ?? null
  call.failure = payload.failure ?? null
  return call
}

/**
 * A question is asked once an attempt; it is closed by its answer or by the run's end, "unknown" can be cleared up, and a
 * run that lives on still asks.
 */
function questionsOf(
  placed: readonly Placed[],
  endings: readonly Ending[],
  goesOn: readonly number[],
): QuestionView[] {
  const views: QuestionView[] = []
  const waits = ({ state }: QuestionView) => state === 'open' || state === 'unknown'
  for (const { event, at, attempt, alive } of placed) {
    if (event.type === 'question.asked' && alive) {
      const { questionId } = event.payload
      const index = views.findIndex((each) => each.questionId === questionId)
      const known = views[index]
      if (known === undefined) views.push({ questionId, attempt, state: 'open', answer: null })
      else if (known.attempt < attempt) views[index] = { questionId, attempt, state: 'open', answer: null }
    }
    if (event.type === 'question.settled') {
      const view = views.find((each) => each.questionId === event.payload.questionId)
      // That it went on does not say what it was told; whoever knows may still say so.
      const isTold = view?.state === 'answered' && view.answer === null
      const tells = event.payload.state === 'answered' && (event.payload.answer ?? null) !== null
      if (view === undefined || attempt < view.attempt) continue
      if (!waits(view) && !(isTold && tells)) continue
      view.state = event.payload.state
      view.answer = event.payload.answer ?? null
    }
    if (goesOn.includes(at)) for (const view of views) if (view.state === 'open') view.state = 'answered'
    const ending = endings.find((each) => each.at === at)
    if (ending === undefined) continue
    const { revived, to, inferred, waited } = ending
    for (const view of views.filter(waits)) {
      if (revived === null) {
        const became = waited && to === 'completed' ? 'answered' : 'superseded'
        if (view.state === 'open') view.state = to !== null && inferred ? 'unknown' : became
      } else if (view.attempt === revived.from) {
        view.state = 'open'
        view.answer = null
        view.attempt = revived.to
      }
    }
  }
  return views
}

/**
 * Each key's last report, less what any report of the key listed last as others'. Where a stream told of a subtree, what it
 * told as the run's own is part of that.
 */
function usageOf(events: readonly SourceEvent[]): Pick<RunView, 'usage' | 'costSource'> {
  const reports = events.flatMap((event) =>
    event.type === 'usage.reported' ? [{ stream: event.stream, ...event.payload }] : [],
  )
  const current = reports.filter(
    (report, at) => !reports.some((later, index) => index > at && later.key === report.key),
  )
  const last = current.filter(
    (report) =>
      report.scope === 'subtree' ||
      !current.some((other) => other.scope === 'subtree' && other.stream === report.stream),
  )
  const listedFor = ({ key, scope }: (typeof reports)[number]) => {
    if (scope === 'own') return []
    const trail = reports.filter((report) => report.key === key)
    const since = trail.slice(trail.findLastIndex((report) => report.scope === 'own') + 1)
    return since.findLast((report) => report.includes != null)?.includes ?? []
  }
  const usage: Record<string, number | null> = {}
  for (const figure of FIGURES) {
    const known = last
      .filter((report) => (report[figure] ?? null) !== null)
      .map((report) => {
        const others = listedFor(report).reduce((sum, each) => sum + (each[figure] ?? 0), 0)
        return Math.max(0, (report[figure] ?? 0) - others)
      })
    usage[figure] = known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0)
  }
  const sources = last
    .filter((each) => (each.costUsd ?? null) !== null)
    .map((each) => each.costSource ?? null)
  const costSource = sources.includes('estimated')
    ? 'estimated'
    : sources.includes(null)
      ? null
      : (sources[0] ?? null)
  return { usage, costSource }
}

/** The parents a run had, the present one last, each once. */
function parentsOf(events: readonly SourceEvent[]): string[] {
  let parents: string[] = []
  for (const event of events) {
    const announces = event.type === 'run.registered' || event.type === 'run.linked'
    if (event.type === 'run.observed' && event.payload.parentRunId && parents.length === 0) {
      parents = [event.payload.parentRunId]
    }
    const parent = announces ? event.payload.parentRunId : null
    if (parent && parent !== parents.at(-1)) parents = [...parents.filter((each) => each !== parent), parent]
  }
  return parents
}

function checkpointOf(placed: readonly Placed[], endings: readonly Ending[]): string | null {
  let checkpoint: string | null = null
  for (const { event, at, current } of placed) {
    if (endings.some((each) => each.at === at && each.to === null && each.revived === null)) checkpoint = null
    if (!current) continue
    if (event.type === 'checkpoint.saved') checkpoint = event.payload.state.preview
    if (event.type === 'checkpoint.cleared') checkpoint = null
  }
  return checkpoint
}
