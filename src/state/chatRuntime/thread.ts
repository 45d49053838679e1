/** Owns a whole conversation as OpenHuman shows it: the newest turn at work, earlier ones with their trails. */
import type { Question } from '../../core/entities.ts'
import { isSettled } from '../../core/status.ts'
import type { ThreadRun } from '../chatRuntimeSlice.ts'
import { known } from './known.ts'
import { keepFields, memoize } from './memo.ts'
import { isTurn } from './parts.ts'
import type { RunParts } from './parts.ts'
import { isDetached } from './subagents.ts'
import { inferenceStatusOf, lifecycleOfTurn, streamOf, toTurnView, turnsOf } from './turns.ts'
import type { Turn, TurnView } from './turns.ts'
import type {
  ById,
  PendingApproval,
  PendingPlanReview,
  RuntimeArtifact,
  StreamingAssistant,
  ThreadRuntime,
  ToolTimelineRow,
} from './types.ts'
import { usageOf } from './usage.ts'

/** A table without a prototype: ids are somebody else's, and any word may be one. */
export function byId<Value>(entries: Iterable<readonly [string, Value]>): ById<Value> {
  const table = Object.create(null) as Record<string, Value>
  for (const [id, value] of entries) table[id] = value
  return table
}

export const EMPTY_RUNTIME: ThreadRuntime = {
  requestId: null,
  unconfirmed: false,
  inferenceStatus: null,
  inferenceTurnLifecycle: null,
  inferenceHeartbeat: 0,
  streamingAssistant: null,
  interruptedAssistant: null,
  parallelStreams: byId([]),
  parallelRequests: [],
  toolTimeline: [],
  processing: [],
  turnTimelines: byId([]),
  turnTranscripts: byId([]),
  backgroundTasks: [],
  pendingApproval: null,
  pendingPlanReview: null,
  usage: usageOf([], []),
  artifacts: [],
}

interface ViewedTurn extends Turn {
  view: TurnView
}

/** `key` is what is remembered for: the first run of the thread. */
export const toThreadRuntime = memoize((key: ThreadRun, all: readonly RunParts[]): ThreadRuntime => {
  const turns = turnsOf(all).map((turn): ViewedTurn => ({
    ...turn,
    view: toTurnView(turn.parts?.key ?? key, turn.parts, turn.subagents),
  }))
  const newest = turns.at(-1)
  if (newest === undefined) return EMPTY_RUNTIME
  const earlier = turns.slice(0, -1)
  const launched = turns.flatMap(({ parts }) => parts ?? [])
  const others = all.filter(({ record }) => !isTurn(record.run))
  return {
    ...EMPTY_RUNTIME,
    ...newestOf(newest),
    ...earlierOf(earlier),
    backgroundTasks: detachedRows(turns),
    ...pendingOf([...launched.toReversed(), ...others]),
    usage: usageOf(
      launched.map(({ record }) => record.telemetry),
      others.map(({ record }) => record.telemetry),
    ),
    artifacts: all.flatMap(artifactsOf).toSorted((a, b) => a.recordedAt - b.recordedAt),
  }
}, keepFields)

function newestOf({ parts, subagents, view }: ViewedTurn): Partial<ThreadRuntime> {
  const shown = { toolTimeline: view.rows, processing: view.processing }
  if (parts === null) return shown
  const { record, unconfirmed, heartbeats } = parts
  const { id, status } = record.run
  const stream = streamOf(parts)
  const isLive = !isSettled(status) && !unconfirmed
  return {
    ...shown,
    requestId: id,
    unconfirmed,
    inferenceTurnLifecycle: lifecycleOfTurn(parts),
    inferenceStatus: isLive ? inferenceStatusOf(parts, view.rows, subagents) : null,
    inferenceHeartbeat: heartbeats,
    streamingAssistant: isLive ? stream : null,
    interruptedAssistant: isSettled(status) && status !== 'completed' ? stream : null,
  }
}

type EarlierTurns = Pick<
  ThreadRuntime,
  'parallelStreams' | 'parallelRequests' | 'turnTimelines' | 'turnTranscripts'
>

function earlierOf(turns: readonly ViewedTurn[]): EarlierTurns {
  const streams: [string, StreamingAssistant][] = []
  const requests: string[] = []
  const trails: [string, TurnView][] = []
  for (const { parts, view } of turns) {
    if (parts === null) continue
    const { id, status } = parts.record.run
    trails.push([id, view])
    if (isSettled(status)) continue
    requests.push(id)
    const stream = parts.unconfirmed ? null : streamOf(parts)
    if (stream !== null) streams.push([id, stream])
  }
  return {
    parallelStreams: byId(streams),
    parallelRequests: requests,
    turnTimelines: byId(trails.map(([id, { rows }]) => [id, rows])),
    turnTranscripts: byId(trails.map(([id, { processing }]) => [id, processing])),
  }
}

/** One that a later turn went on with is in the rows of both, and here once. */
function detachedRows(turns: readonly ViewedTurn[]): readonly ToolTimelineRow[] {
  const rows = new Map<string, ToolTimelineRow>()
  for (const { subagents, view } of turns) {
    const detached = new Set(subagents.flatMap(({ record: { run } }) => (isDetached(run) ? run.id : [])))
    for (const row of view.rows) if (detached.has(row.subagent?.taskId ?? '')) rows.set(row.id, row)
  }
  return [...rows.values()]
}

const APPROVAL = 'approval:'
const PLAN = 'plan:'

/** What the first of these that waits for a word waits for. */
function pendingOf(runs: readonly RunParts[]): Pick<ThreadRuntime, 'pendingApproval' | 'pendingPlanReview'> {
  const open = runs
    .filter(({ record }) => !isSettled(record.run.status))
    .flatMap((parts) => parts.record.questions.map((question) => ({ parts, question })))
    .filter(({ question }) => question.state === 'open' && question.kind === 'approval')
  const plan = open.find(({ question }) => question.questionId.startsWith(PLAN))
  const approval = open.find(({ question }) => !question.questionId.startsWith(PLAN))
  return {
    pendingApproval: approval === undefined ? null : toApproval(approval.parts, approval.question),
    pendingPlanReview: plan === undefined ? null : toAsked(plan.parts, plan.question),
  }
}

function toApproval(parts: RunParts, question: Question): PendingApproval {
  const { questionId } = question
  const callId = questionId.startsWith(APPROVAL) ? questionId.slice(APPROVAL.length) : null
  const call = parts.calls.findLast((each) => each.callId === callId)
  return {
    ...toAsked(parts, question),
    ...known({ toolCallId: call?.callId, toolName: call?.name, args: call?.args?.preview }),
  }
}

/** What a detached subagent asks when its turn is over is asked by itself, and was asked for that turn. */
const toAsked = (
  { record: { run } }: RunParts,
  { questionId, prompt, expiresAt }: Question,
): PendingPlanReview => ({
  requestId: isTurn(run) ? run.id : (run.parentRunId ?? run.id),
  runId: run.id,
  questionId,
  message: prompt,
  ...known({ expiresAt }),
})

const artifactsOf = ({ record: { run } }: RunParts): readonly RuntimeArtifact[] =>
  run.artifacts.map(({ name, mediaType, content, recordedAt }) => ({
    runId: run.id,
    title: name,
    mediaType,
    status: 'ready',
    content,
    recordedAt,
  }))
