/**
 * Owns one child run: from its registration to its settled status, whatever its agent does. Every move is
 * checked against the table before it is told.
 */
import { toPlainJson } from '../core/bounds.ts'
import { CONTENT_LIMIT } from '../core/content.ts'
import type { Json } from '../core/entities.ts'
import { runLog } from '../core/ids.ts'
import type { RunLogId } from '../core/ids.ts'
import type { Clock, ContentReader, Delivery } from '../core/ports.ts'
import { assertMove, isSettled } from '../core/status.ts'
import type { RunStatusName, SettledStatusName, Trigger } from '../core/status.ts'
import type { Agent, AgentContext, AgentTask } from './agent.ts'
import type { Emitter } from './emitter.ts'
import { createOpenQuestions } from './openQuestions.ts'
import type { Pacer } from './pacer.ts'
import { abortError, orAborted, seen } from './runScope.ts'
import type { RunScope } from './runScope.ts'
import { createSpeech } from './speech.ts'
import { freeze, line, longText, messageOf, promptOf, readable } from './text.ts'
import { createToolRunner } from './toolRunner.ts'

/** What all runs of an orchestrator are driven with. */
export interface Engine {
  emitter: Emitter
  clock: Clock
  content: ContentReader
  pacer: Pacer
}

export interface AgentRunSetup {
  runId: string
  agent: Agent
  task: AgentTask
  workflowRunId: string
  phase: string
  parentThreadId: string | null
  /** Told when the run begins and ends to wait for a person. */
  waiting(waiting: boolean, trigger: Trigger): void
}

export interface ChildResult {
  runId: string
  agentId: string
  output: Json
  summary: string
  text: string
}

export type ChildOutcome =
  | { kind: 'completed'; result: ChildResult }
  | { kind: 'failed'; reason: string }
  | { kind: 'cancelled'; reason: string }

export interface LocalAgentRun {
  log: RunLogId
  status(): RunStatusName
  /** Never rejects. */
  done: Promise<ChildOutcome>
  answer(questionId: string, answer: Json): Delivery
  stop(reason: string): void
  /** Ends its work without a word: its owner goes away. */
  abandon(): void
}

/** Registers the run and lets its agent begin. */
export function launchAgentRun(engine: Engine, setup: AgentRunSetup): LocalAgentRun {
  const { emitter, clock, pacer } = engine
  const { runId, agent, task, waiting } = setup
  const log = runLog(runId)
  const controller = new AbortController()
  const { signal } = controller
  let status: RunStatusName = 'pending'
  let iteration = 0
  let report: (outcome: ChildOutcome) => void = () => {}
  const done = new Promise<ChildOutcome>((resolve) => {
    report = resolve
  })

  const speech = createSpeech(log, emitter, pacer, signal)
  const scope: RunScope = {
    runId,
    log,
    emitter,
    clock,
    signal,
    iteration: () => iteration,
    async ready() {
      await speech.drained()
      await pacer.pause(signal)
    },
  }
  const tools = createToolRunner(scope)
  const questions = createOpenQuestions(scope, agent.id, (isWaiting) => {
    const trigger = isWaiting ? 'question_asked' : 'answered'
    move(isWaiting ? 'awaiting_user' : 'running', trigger)
    waiting(isWaiting, trigger)
  })

  function move(to: RunStatusName, trigger: Trigger, details: MoveDetails = {}): void {
    assertMove(status, to, trigger)
    emitter.emit(log, 'run.transitioned', { to, trigger, ...details })
    status = to
  }

  function settle(
    to: SettledStatusName,
    trigger: Trigger,
    outcome: ChildOutcome,
    details: MoveDetails,
  ): void {
    if (isSettled(status)) return
    tools.abandon()
    move(to, trigger, details)
    if (questions.waiting()) waiting(false, trigger)
    controller.abort(abortError(outcome.kind === 'completed' ? 'the run has ended' : outcome.reason))
    report(outcome)
  }

  function fail(error: unknown): void {
    const reason = messageOf(error)
    settle('failed', 'errored', { kind: 'failed', reason }, { error: reason, reason })
  }

  function complete(returned: unknown): void {
    if (isSettled(status)) return
    const checked = checkResult(returned)
    if (!checked.ok) throw new TypeError(checked.reason)
    if (questions.waiting()) throw new Error('It returned a result while it waited for an answer.')
    const { output, summary, text } = checked
    const result: ChildResult = { runId, agentId: agent.id, output, summary, text }
    const details = { summary, output: longText(text) }
    settle('completed', 'result_received', { kind: 'completed', result }, details)
  }

  const context: AgentContext = {
    runId,
    signal,
    content: engine.content,
    iteration(max) {
      if (signal.aborted) return
      iteration += 1
      emitter.emit(log, 'iteration.started', { iteration, max: max ?? null })
    },
    tool: (call) => seen(tools.call(call)),
    ask: (question) => seen(questions.ask(question)),
    say: (text) => speech.say(String(text)),
    artifact(name, mediaType, text) {
      if (signal.aborted) return
      emitter.emit(log, 'artifact.recorded', { name, mediaType, content: longText(text) })
    },
  }

  async function work(): Promise<unknown> {
    await pacer.pause(signal)
    move('running', 'prompt_received')
    const returned = await orAborted(signal, () => agent.run(context, task))
    await speech.drained()
    return returned
  }

  emitter.emit(log, 'run.registered', {
    kind: 'workflow_child',
    workflowRunId: setup.workflowRunId,
    phase: setup.phase,
    parentThreadId: setup.parentThreadId,
    agentId: agent.id,
    agentName: agent.name,
    prompt: promptOf(task) || null,
  })
  move('starting', 'spawn')
  void work().then(complete).catch(fail)

  return {
    log,
    status: () => status,
    done,
    answer: questions.answer,
    stop(reason) {
      settle('cancelled', 'user_terminated', { kind: 'cancelled', reason }, { reason })
    },
    abandon() {
      controller.abort(abortError('its owner went away'))
    },
  }
}

interface MoveDetails {
  reason?: string
  error?: string
  summary?: string
  output?: ReturnType<typeof longText>
}

type CheckedResult = { ok: true; output: Json; summary: string; text: string } | { ok: false; reason: string }

/** What an agent returned, if it is a result; agents are foreign code. */
function checkResult(returned: unknown): CheckedResult {
  const plain = toPlainJson(returned)
  if (!plain.ok) return { ok: false, reason: `Its result holds ${plain.reason}.` }
  if (typeof plain.value !== 'object' || plain.value === null || Array.isArray(plain.value)) {
    return { ok: false, reason: 'It returned no result: an object with output and summary is expected.' }
  }
  const { output, summary, text } = plain.value as { readonly [key: string]: Json }
  if (output === undefined) return { ok: false, reason: 'Its result has no output.' }
  if (typeof summary !== 'string') return { ok: false, reason: 'The summary of its result is not a text.' }
  if (text !== undefined && typeof text !== 'string') {
    return { ok: false, reason: 'The text of its result is not a text.' }
  }
  const whole = text ?? readable(output)
  if (whole.length > CONTENT_LIMIT) {
    const reason = `Its result has ${whole.length} characters, at most ${CONTENT_LIMIT} can be kept.`
    return { ok: false, reason }
  }
  // Handed to several agents of later phases.
  return { ok: true, output: freeze(output), summary: line(summary), text: whole }
}
