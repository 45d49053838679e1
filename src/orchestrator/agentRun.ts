/**
 * Owns one child run: from its registration to its settled status, whatever its agent does. Every move is
 * checked against the table before it is told; what the worker was told is kept whenever it comes to wait.
 */
import { runLog } from '../core/ids.ts'
import type { Delivery } from '../core/ports.ts'
import { assertMove, isSettled } from '../core/status.ts'
import type { RunStatusName, SettledStatusName, Trigger } from '../core/status.ts'
import type { AgentContext } from './agent.ts'
import { checkResult } from './childOutcome.ts'
import type { ChildOutcome } from './childOutcome.ts'
import type { AgentRunSetup, Engine, LocalAgentRun } from './childRun.ts'
import { createGate } from './gate.ts'
import { createHistory, questionNumber } from './history.ts'
import { createKeeper } from './keeper.ts'
import { createOpenQuestions } from './openQuestions.ts'
import { abortError, orAborted, seen } from './abort.ts'
import type { RunScope } from './runScope.ts'
import { createSpeech } from './speech.ts'
import { announce } from './announce.ts'
import { openingEntries } from './opening.ts'
import { longText, messageOf } from './text.ts'
import { createToolRunner } from './toolRunner.ts'

const DELIVERED: Delivery = { kind: 'delivered' }
const rejected = (reason: string): Delivery => ({ kind: 'rejected', reason })

/** Announces the run and lets its agent begin, or go on. */
export function launchAgentRun(engine: Engine, setup: AgentRunSetup): LocalAgentRun {
  const { emitter, clock, pacer } = engine
  const { runId, agent, task, opening, contentKey } = setup
  const { attempt, kept } = opening
  const isContinued = opening.kind === 'continue'
  const log = runLog(runId)
  const controller = new AbortController()
  const { signal } = controller
  const gate = createGate()
  let { waiting } = setup
  let status: RunStatusName = isContinued ? 'paused' : 'pending'
  let iteration = 0
  let isPaused = isContinued
  let report: (outcome: ChildOutcome) => void = () => {}
  const done = new Promise<ChildOutcome>((resolve) => {
    report = resolve
  })
  if (isPaused) gate.shut()

  const expected = opening.kind === 'continue' ? opening.kept.questionId : null
  const reached = kept?.iteration ?? 0
  const keeper = createKeeper(emitter, log, isContinued)
  const history = createHistory({
    clock,
    entries: openingEntries(opening, task),
    openQuestion: expected === null ? null : questionNumber(expected),
    diverged: (reason) => diverge(reason),
  })
  const speech = createSpeech(log, emitter, pacer, gate, signal)
  const scope: RunScope = {
    runId,
    log,
    emitter,
    clock,
    signal,
    iteration: () => iteration,
    history,
    gate,
    async ready() {
      await speech.drained()
      await pacer.pause(signal)
      if (gate.isShut()) await gate.passed(signal)
    },
    durable: engine.durable,
    learned(isKept) {
      if (isKept || status === 'awaiting_user' || status === 'paused') keep()
    },
  }
  const tools = createToolRunner(scope)
  const questions = createOpenQuestions(scope, {
    agentId: agent.id,
    attempt,
    expected,
    changed(isAnswer) {
      const trigger = isAnswer ? 'answered' : 'question_asked'
      if (isAnswer) keep()
      show(trigger)
      waiting(questions.waiting(), trigger)
    },
  })

  function keep(): void {
    const entries = history.entries()
    keeper.keep(
      entries && {
        runId,
        agentId: agent.id,
        contentKey,
        attempt,
        iteration: Math.max(iteration, reached),
        history: entries,
        questionId: questions.oldest(),
      },
    )
  }

  function move(to: RunStatusName, trigger: Trigger, details: MoveDetails = {}): void {
    assertMove(status, to, trigger)
    emitter.emit(log, 'run.transitioned', { to, trigger, ...details })
    status = to
  }

  /** The status of a run that is at work, as it is now. */
  function show(trigger: Trigger): void {
    const to = isPaused ? 'paused' : questions.waiting() ? 'awaiting_user' : 'running'
    if (to === status) return
    if (to !== 'running') keep()
    move(to, trigger)
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
    history.close()
    controller.abort(abortError(outcome.kind === 'completed' ? 'the run has ended' : outcome.reason))
    report(outcome)
  }

  function fail(error: unknown): void {
    const reason = messageOf(error)
    settle('failed', 'errored', { kind: 'failed', reason }, { error: reason, reason })
  }

  function diverge(reason: string): void {
    if (isSettled(status)) return
    // Whoever starts it again starts it afresh.
    keeper.forget()
    fail(new Error(`Its checkpoint does not fit: ${reason}. It can be started afresh.`))
  }

  function complete(returned: unknown): void {
    if (isSettled(status)) return
    const leftOver = history.leftOver()
    if (leftOver !== null) return diverge(leftOver)
    const checked = checkResult(returned)
    if (!checked.ok) throw new TypeError(checked.reason)
    if (questions.waiting()) throw new Error('It returned a result while it waited for an answer.')
    const { output, summary, text, json } = checked
    const result = { runId, agentId: agent.id, output, summary, text }
    const details: MoveDetails = { summary, output: longText(text), result: longText(json) }
    const unheard = history.unheard()
    if (unheard > 0) details.reason = `It did not ask for what was added last (${unheard}).`
    settle('completed', 'result_received', { kind: 'completed', result }, details)
  }

  /** Tells what happens now; what was told before is not told again, and nothing passes a pause. */
  function tell(event: () => void): void {
    if (signal.aborted || history.isReplaying()) return
    if (!gate.isShut()) return event()
    gate.when(() => {
      try {
        event()
      } catch (error) {
        fail(error)
      }
    })
  }

  const context: AgentContext = {
    runId,
    signal,
    content: engine.content,
    iteration(max) {
      iteration += 1
      const begun = iteration
      if (begun <= reached) return
      tell(() => emitter.emit(log, 'iteration.started', { iteration: begun, max: max ?? null }))
    },
    tool: (call) => seen(tools.call(call)),
    ask: (question) => seen(questions.ask(question)),
    followUps: () => history.followUps(),
    say: (text) => tell(() => speech.say(String(text))),
    artifact(name, mediaType, text) {
      tell(() => emitter.emit(log, 'artifact.recorded', { name, mediaType, content: longText(text) }))
    },
  }

  async function work(): Promise<unknown> {
    await pacer.pause(signal)
    if (gate.isShut() && !history.isReplaying()) await gate.passed(signal)
    begin()
    const returned = await orAborted(signal, () => agent.run(context, task))
    await speech.drained()
    if (gate.isShut() && history.leftOver() === null) await gate.passed(signal)
    return returned
  }

  function begin(): void {
    if (status !== 'starting') return
    move('running', 'prompt_received')
    if (reached > 0) emitter.emit(log, 'iteration.started', { iteration: reached, max: null })
  }

  announce(engine, setup)
  if (!isContinued) {
    if (kept !== null) keep()
    move('starting', 'spawn')
  }
  if (questions.waiting()) waiting(true, 'question_asked')
  void work()
    .then(complete)
    .catch(async (error: unknown) => {
      await gate.passed(signal)
      fail(error)
    })
    // Stopped while it was paused.
    .catch(() => {})

  return {
    log,
    status: () => status,
    done,
    answer: (questionId, answer) => questions.answer(questionId, answer),

    pause() {
      if (isPaused) return rejected(`${runId} is already paused.`)
      begin()
      isPaused = true
      gate.shut()
      show('paused_by_user')
      return DELIVERED
    },

    resume(trigger = 'resumed_by_user') {
      if (!isPaused) return rejected(`${runId} is not paused.`)
      isPaused = false
      show(trigger)
      gate.open()
      return DELIVERED
    },

    followUp(message) {
      if (agent.takesFollowUps !== true) return rejected(`${agent.name} takes no follow-ups.`)
      history.said(message)
      scope.learned(false)
      return DELIVERED
    },

    stop(reason) {
      settle('cancelled', 'user_terminated', { kind: 'cancelled', reason }, { reason })
    },

    adopt(next) {
      waiting = next
      if (questions.waiting()) waiting(true, 'question_asked')
    },

    abandon() {
      history.close()
      controller.abort(abortError('its owner went away'))
    },
  }
}

interface MoveDetails {
  reason?: string
  error?: string
  summary?: string
  output?: ReturnType<typeof longText>
  result?: ReturnType<typeof longText>
}
