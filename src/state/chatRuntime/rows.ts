/**
 * Owns the rows of a turn: its tool calls and the subagents it launched, in the order they were issued. A subagent
 * stands where the call that launched it stood, live and after a reload alike. SPEC H3.
 */
import type { ToolCall } from '../../core/entities.ts'
import { toolCallKey } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import { detailOf, subagentRowId, toRowStatus } from '../../core/timeline.ts'
import { argumentOf, liveArgsOf, toCallStatus, toFailure, unannounced } from './calls.ts'
import type { LiveArgs } from './heard.ts'
import { known, wholeOf } from './known.ts'
import { byCreation } from './parts.ts'
import type { RunParts } from './parts.ts'
import { nameOf, toActivity, withPrompt } from './subagents.ts'
import type { ToolTimelineRow } from './types.ts'

/** A row and when it was issued. */
export interface Deed {
  at: number
  iteration: number
  row: ToolTimelineRow
}

/** A place in the order of issue. */
interface Place {
  at: number
  /** Among the calls of the turn; what has no call comes after those of the same moment. */
  call: number
}

type Unnumbered = Omit<ToolTimelineRow, 'seq'>

interface Placed {
  place: Place
  row: Unnumbered
}

/** Tools that launch subagents; the call's row makes room for theirs. */
const LAUNCHING = /^(?:spawn_(?:async_)?subagent$|delegate_)/

/** `turn` is null for subagents that no turn launched. */
export function deedsOf(turn: RunParts | null, subagents: readonly RunParts[]): readonly Deed[] {
  const calls = turn?.calls ?? []
  const launches = launchesOf(calls, subagents.filter(wasLaunchedBy(turn)))
  const places = new Map(calls.map((call, place) => [call, place]))
  const found = turn === null ? [] : placeCalls(turn, new Set(launches.values()))
  for (const subagent of subagents.toSorted(byCreation)) {
    const call = launches.get(subagent)
    const at = call?.startedAt ?? beginningIn(turn, subagent)
    const place = { at, call: call ? (places.get(call) ?? 0) : calls.length }
    const round = call?.iteration ?? roundAt(calls, at)
    found.push({ place, row: subagentRow(subagent, round, call) })
  }
  return found
    .toSorted((a, b) => a.place.at - b.place.at || a.place.call - b.place.call)
    .map(({ place, row }, seq) => ({ at: place.at, iteration: row.round, row: { ...row, seq } }))
}

/** The calls of a turn but those that made room for a subagent, then those that are not announced yet. */
function placeCalls(turn: RunParts, launching: ReadonlySet<ToolCall>): Placed[] {
  const announced = turn.calls.flatMap((call, place): readonly Placed[] =>
    launching.has(call) ? [] : [{ place: { at: call.startedAt, call: place }, row: callRow(turn, call) }],
  )
  const last = { at: Number.MAX_SAFE_INTEGER, call: turn.calls.length }
  const streaming = unannounced(turn).map((live) => ({ place: last, row: streamingRow(turn, live) }))
  return [...announced, ...streaming]
}

/** Calls of one turn are named like those of another: a later turn, which took it up again, did not launch it. */
const wasLaunchedBy =
  (turn: RunParts | null) =>
  ({ record: { run } }: RunParts): boolean => {
    const launcher = run.formerParentRunIds[0] ?? run.parentRunId
    return launcher === null || launcher === turn?.record.run.id
  }

/**
 * When a subagent began to work for a turn: when it was announced or, for a later turn, when what it waited for was
 * answered or it was begun anew.
 */
function beginningIn(turn: RunParts | null, { record }: RunParts): number {
  const { createdAt, startedAt, attempts } = record.run
  const since = turn?.record.run.createdAt ?? createdAt
  const answered = record.questions.flatMap(({ settledAt }) => settledAt ?? [])
  const begun = attempts.map((attempt) => attempt.startedAt)
  const times = [createdAt, startedAt, ...begun, ...answered].filter((time) => time >= since)
  return times.length === 0 ? createdAt : Math.min(...times)
}

/** The call that launched each subagent, by its id; where none is told, the oldest one that fits and is not taken. */
function launchesOf(
  calls: readonly ToolCall[],
  subagents: readonly RunParts[],
): ReadonlyMap<RunParts, ToolCall> {
  const launches = new Map<RunParts, ToolCall>()
  for (const each of subagents) {
    const { parentCallId, createdAt } = each.record.run
    if (!parentCallId) continue
    const named = calls.filter(({ callId }) => callId === parentCallId)
    const call = named.findLast(({ startedAt }) => startedAt <= createdAt) ?? named[0]
    if (call !== undefined) launches.set(each, call)
  }
  const taken = new Set(launches.values())
  for (const each of subagents.toSorted(byCreation)) {
    const { parentCallId, createdAt } = each.record.run
    if (parentCallId) continue
    const call = calls.find(
      (candidate) =>
        LAUNCHING.test(candidate.name) &&
        candidate.status !== 'failed' &&
        candidate.startedAt <= createdAt &&
        !taken.has(candidate),
    )
    if (call === undefined) continue
    taken.add(call)
    launches.set(each, call)
  }
  return launches
}

/** The iteration the turn was in; 0 when that is not known. */
const roundAt = (calls: readonly ToolCall[], time: number): number =>
  calls.findLast(({ startedAt }) => startedAt <= time)?.iteration ?? 0

function callRow({ record, args, unconfirmed }: RunParts, call: ToolCall): Unnumbered {
  return {
    id: `${record.run.id}:${call.id}`,
    callId: call.callId,
    name: call.name,
    round: call.iteration,
    status: toCallStatus(call.status),
    inferred: call.inferred,
    unconfirmed: unconfirmed && call.status === 'running',
    ...known({
      argsBuffer: call.args?.preview ?? liveArgsOf(call, args),
      argsText: wholeOf(call.args),
      displayName: call.label,
      detail: call.detail,
      failure: call.failure === null ? null : toFailure(call.failure),
      result: call.output?.preview,
      resultText: wholeOf(call.output),
    }),
  }
}

/** A call whose arguments stream before it was announced. Its row keeps its id when it is. */
function streamingRow({ record, unconfirmed }: RunParts, { callId, text }: LiveArgs): Unnumbered {
  const { id, attempt, iteration } = record.run
  return {
    id: `${id}:${toolCallKey(attempt, iteration, callId)}`,
    callId,
    name: 'tool',
    round: iteration,
    status: 'running',
    inferred: false,
    unconfirmed,
    argsBuffer: text,
  }
}

function subagentRow(subagent: RunParts, round: number, call: ToolCall | undefined): Unnumbered {
  const { record, unconfirmed } = subagent
  const { run } = record
  const activity = toActivity(subagent)
  const prompt = activity.prompt === undefined && call !== undefined ? argumentOf(call, 'prompt') : null
  return {
    id: subagentRowId(run.id),
    name: `subagent:${run.agentId ?? 'agent'}`,
    round,
    status: toRowStatus(run.status),
    inferred: run.inferred,
    unconfirmed: unconfirmed && !isSettled(run.status),
    displayName: nameOf(run),
    subagent: prompt === null ? activity : withPrompt(activity, prompt),
    ...known({
      detail: detailOf(record),
      sourceToolName: call?.name,
      failure: run.error === null ? null : toFailure(run.error),
      result: run.output?.preview,
      resultText: wholeOf(run.output),
    }),
  }
}
