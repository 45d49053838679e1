/**
 * Owns what a session's earlier events mean for the next one: which calls are open, whether it has ended, what its
 * workers were last said to be. One line after the other, no clock: the same lines always give the same facts.
 */
import type { RunStatusName, SettledStatusName } from '../../core/status.ts'
import { isSettled } from '../../core/status.ts'
import type { LogId } from '../../core/ids.ts'
import { isUsableId, runLog } from '../../core/ids.ts'
import type { SessionLine } from './sessionLines.ts'
import type { WorkerStanding } from './sessionWorkers.ts'

/** Something an event says, on its way to become an event of ours. */
export interface Fact {
  /** Whose log it belongs to; absent: the session's own. */
  log?: LogId | undefined
  type: string
  payload: { readonly [key: string]: unknown }
  /** Tells the facts of one line apart. */
  suffix?: string | undefined
  /** A mark that the run record may tell of as well: where both of them put it. */
  mark?: string | undefined
}

export interface End {
  to: SettledStatusName
  trigger: 'errored' | 'process_exited'
  error?: string | null
  reason?: string | null
}

/** A call as its session speaks of it. */
export interface OpenCall {
  name: string
  /** Seen in text that is still being written; not a call before harn says so. */
  candidate: boolean
  started: boolean
  /** The arguments as last heard. */
  args: string | null
  /** Characters the arguments must reach to be kept again while they are written. */
  nextSize: number
}

export interface SessionOptions {
  runId: string
  /** A run record tells how this run began, ended and what it used; the session only what happened in between. */
  isRecorded: boolean
  /** The run a worker of this session is. */
  runOfWorker: (workerId: string) => string
}

export class SessionState {
  readonly runId: string
  readonly sessionId: string
  readonly tellsUsage: boolean
  line: SessionLine
  readonly calls = new Map<string, OpenCall>()
  /** Updates of arguments that the last one made superfluous. */
  foldedArguments = 0
  private readonly options: SessionOptions
  private readonly open = new Set<string>()
  private readonly children = new Map<string, RunStatusName | null>()
  private ended = false

  constructor(first: SessionLine, options: SessionOptions) {
    this.line = first
    this.sessionId = first.sessionId
    this.runId = options.runId
    this.tellsUsage = !options.isRecorded
    this.options = options
  }

  /** What comes before the facts of this line: a session that goes on after its end is in its next attempt. */
  before(kind: string): readonly Fact[] {
    if (!this.ended || !ACTIVE.has(kind)) return []
    this.ended = false
    this.calls.clear()
    return [
      { type: 'run.attempt_started', payload: { trigger: 'restart', status: 'running' }, suffix: 'attempt' },
    ]
  }

  end({ to, ...how }: End): readonly Fact[] {
    if (this.options.isRecorded || this.ended) return []
    this.ended = true
    this.open.clear()
    return [{ type: 'run.transitioned', payload: { to, ...how } }]
  }

  ask(question: { readonly [key: string]: unknown }): readonly Fact[] {
    const questionId = String(question['questionId'])
    if (!isUsableId(questionId)) return []
    this.open.add(questionId)
    const waits = { to: 'awaiting_user', trigger: 'question_asked' }
    return [
      { type: 'question.asked', payload: question },
      { type: 'run.transitioned', payload: waits, suffix: 'waits' },
    ]
  }

  resolve(questionId: string, state: string): readonly Fact[] {
    if (!isUsableId(questionId)) return []
    const settled: Fact = { type: 'question.settled', payload: { questionId, state } }
    this.open.delete(questionId)
    if (this.open.size > 0) return [settled]
    const goesOn = { to: 'running', trigger: 'answered' }
    return [settled, { type: 'run.transitioned', payload: goesOn, suffix: 'goes-on' }]
  }

  /** A worker or delegated run: known from its first mention, then what it became. Nothing when that is no news. */
  child(
    id: string,
    about: { readonly [key: string]: unknown },
    standing: WorkerStanding | null,
    said: { readonly [key: string]: string | null },
  ): readonly Fact[] {
    const runId = this.options.runOfWorker(id)
    if (!isUsableId(runId) || runId === this.runId) return []
    const log = runLog(runId)
    const known = this.children.get(runId)
    const facts: Fact[] = []
    if (known === undefined) {
      const lineage = {
        kind: 'subagent',
        parentRunId: this.runId,
        agentId: 'harn',
        origin: { source: 'harn' },
      }
      facts.push({ log, type: 'run.registered', payload: { ...lineage, ...about, status: 'pending', said } })
    }
    const was = known ?? 'pending'
    const to = standing?.to ?? was
    if (to !== was) {
      const opens = isSettled(was)
      const how = { to, trigger: TRIGGERS[to] ?? 'connected', reason: standing?.reason ?? null, said }
      const error = to === 'failed' ? { error: standing?.reason ?? null } : {}
      // A worker that was over and runs again does so in its next attempt.
      facts.push(
        opens && !isSettled(to)
          ? {
              log,
              type: 'run.attempt_started',
              payload: { trigger: 'restart', status: to },
              suffix: 'became',
            }
          : { log, type: 'run.transitioned', payload: { ...how, ...error }, suffix: 'became' },
      )
    }
    this.children.set(runId, to)
    return facts
  }
}

const TRIGGERS: Partial<Record<RunStatusName, string>> = {
  running: 'connected',
  idle: 'result_received',
  paused: 'disconnected',
  completed: 'process_exited',
  failed: 'errored',
  cancelled: 'user_terminated',
  interrupted: 'process_crashed',
}

/** Events of an agent at work. */
const ACTIVE = new Set(['turn_start', 'iteration_start', 'tool_call', 'user_message', 'hitl_requested'])

/** Longest line of a payload; what is longer is kept beside it. */
const LINE_CHARS = 4_000

export const asLine = (text: string | null | undefined): string | null =>
  text === null || text === undefined || text === '' ? null : text.slice(0, LINE_CHARS)

export const asText = (text: string | null | undefined): string | null =>
  text === null || text === undefined || text === '' ? null : text
