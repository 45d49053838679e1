/**
 * Owns what each event means for an agent run: one case per event type, pure, no clock. SPEC F1–F6.
 */
import type { RunRecord, ToolCall } from './entities.ts'
import type { SourceEvent } from './events.ts'
import { isOurStream } from './ids.ts'
import { attemptOf, bindOpened, isAnnouncedAnew, late, openAttempt, transition } from './lifecycle.ts'
import type { TransitionFact } from './lifecycle.ts'
import { addParent, fillMissing, refineKind, register, replaceMetadata, timesOf } from './registration.ts'
import { askQuestion, closeQuestions, reopenQuestions, settleQuestion } from './questions.ts'
import type { SettledStatusName } from './status.ts'
import { isSettled } from './status.ts'
import { abandoned, finishCall, giveUpOldest, keepCall, startCall } from './toolCalls.ts'
import type { CallSite } from './toolCalls.ts'
import { recordUsage, totalsOf } from './usage.ts'

const ARTIFACTS_KEPT = 50

/**
 * A run's record that is ours to change while a batch is folded: `run`, `telemetry` and `toolCalls` are copies
 * and changed in place, everything else in it is replaced, never changed.
 */
export interface RunDraft extends RunRecord {
  toolCalls: ToolCall[]
}

export const draftRun = (record: RunRecord): RunDraft => ({
  ...record,
  run: { ...record.run },
  telemetry: { ...record.telemetry },
  toolCalls: [...record.toolCalls],
})

/** The record a draft of `before` has become; totals are summed once a batch. */
export function sealRun(draft: RunDraft, before: RunRecord | undefined): RunRecord {
  if (draft.usage !== before?.usage) Object.assign(draft.telemetry, totalsOf(draft.usage))
  return draft
}

/** Folds one event and notes the calls it touched, kept or not; the caller stamps the sequence (`accept.ts`). */
export function foldRun(draft: RunDraft, event: SourceEvent, touched: Map<string, ToolCall>): void {
  const { run, telemetry } = draft
  const { stream, timestamp } = event
  const attempt = attemptOf(draft.bindings, stream, run.attempt)
  const isCurrent = attempt === run.attempt
  const isAlive = isCurrent && !isSettled(run.status)
  const tooLate = (): void => void (draft.notes = late(draft.notes))

  switch (event.type) {
    case 'run.registered': {
      const { status } = event.payload
      // Other events were quicker, or it is announced anew: the status it is registered with is one more fact.
      const isFact = draft.registered ? isAnnouncedAnew(run, draft.bindings, stream) : run.lastSequence > 0
      const waited = run.status === 'awaiting_user'
      Object.assign(draft, register(draft, event.payload, stream, timestamp))
      if (!isFact || status === undefined) return
      const trigger = waited ? 'answered' : 'spawn'
      settle(draft, { to: status, trigger }, run.attempt, timestamp, touched)
      // Whoever goes on was told what it waited for; what that was is not known here.
      if (waited && draft.run.status === 'running')
        draft.questions = closeQuestions(draft.questions, 'answered', timestamp)
      return
    }

    case 'run.observed': {
      const { kind, status, trigger, summary, error, inferred, question, completedAt } = event.payload
      run.kind = draft.registered ? refineKind(run.kind, kind) : (kind ?? run.kind)
      draft.registered = true
      const isFirst = run.lastSequence === 0
      draft.run = fillMissing(
        isFirst ? { ...run, ...timesOf(event.payload), completedAt: null } : run,
        event.payload,
      )
      if (status !== undefined) {
        const { run: filled, notes } = draft
        const fact = { to: status, trigger: trigger ?? 'imported', summary, error, inferred }
        settle(draft, fact, attempt, isSettled(status) ? (completedAt ?? timestamp) : timestamp, touched)
        // A row of a list is often old: that it came too late is not worth a note each time it is read.
        if (draft.run === filled) draft.notes = notes
        else if (filled.status === 'awaiting_user' && draft.run.status === 'running')
          draft.questions = closeQuestions(draft.questions, 'answered', timestamp)
      }
      if (question != null && isAsking(draft))
        draft.questions = askQuestion(draft.questions, question, attempt, timestamp)
      return
    }

    case 'run.transitioned': {
      const { late: lateBefore } = draft.notes
      settle(draft, event.payload, attempt, timestamp, touched)
      // What came too late says nothing of how it stands.
      if (draft.notes.late === lateBefore) draft.run = replaceMetadata(draft.run, event.payload.metadata)
      return
    }

    case 'run.attempt_started': {
      const opened = openAttempt(run, event.payload, timestamp)
      if (opened === null) return tooLate()
      draft.bindings = bindOpened(draft.bindings, stream, { from: run.attempt, to: opened.attempt })
      telemetry.elapsedMs = null
      if (isOurStream(stream)) {
        // Its owner is alive after all: nothing begins anew, so it stands where it stood.
        draft.run = opened
        draft.questions = reopenQuestions(draft.questions, run.attempt, opened.attempt)
        return abandonCalls(draft, 'interrupted', touched)
      }
      draft.run = { ...opened, iteration: 0, checkpoint: null }
      draft.questions = closeQuestions(draft.questions, 'superseded', timestamp)
      return abandonCalls(draft, 'interrupted', touched)
    }

    case 'run.linked': {
      const { parentRunId } = event.payload
      if (parentRunId !== undefined) draft.run = addParent(run, parentRunId)
      return
    }

    case 'iteration.started': {
      if (!isAlive) return tooLate()
      const { iteration, max } = event.payload
      run.iteration = iteration
      run.maxIterations = max ?? run.maxIterations
      return
    }

    case 'tool.started': {
      if (!isCurrent) return tooLate()
      const call = startCall(draft.toolCalls, event.payload, callSite(event, attempt, draft))
      if (call === null) return
      const given = giveUpOldest(draft.toolCalls)
      if (given !== null) putCall(draft, given, touched)
      telemetry.toolCount += 1
      putCall(draft, call, touched)
      // Told after the run's end it is part of what happened, and ended with it unless its own end is told.
      return isSettled(run.status) ? abandonCalls(draft, run.status, touched) : undefined
    }

    case 'tool.finished': {
      const finished = finishCall(draft.toolCalls, event.payload, callSite(event, attempt, draft))
      if (finished === null) return
      if (!finished.started && !isCurrent) return tooLate()
      if (!finished.started) telemetry.toolCount += 1
      if (finished.call.status === 'failed') telemetry.toolErrorCount += 1
      return putCall(draft, finished.call, touched)
    }

    case 'question.asked': {
      if (!isAlive) return tooLate()
      draft.questions = askQuestion(draft.questions, event.payload, attempt, timestamp)
      return
    }

    case 'question.settled':
      draft.questions = settleQuestion(draft.questions, event.payload, attempt, timestamp)
      return

    case 'checkpoint.saved':
      if (!isCurrent) return tooLate()
      run.checkpoint = { savedAt: timestamp, state: event.payload.state }
      return

    case 'checkpoint.cleared':
      if (!isCurrent) return tooLate()
      run.checkpoint = null
      return

    case 'usage.reported': {
      const usage = recordUsage(draft.usage, event.payload, stream)
      if (usage === null) {
        draft.notes = { ...draft.notes, refused: draft.notes.refused + 1 }
        return
      }
      draft.usage = usage
      telemetry.model = event.payload.model ?? telemetry.model
      telemetry.provider = event.payload.provider ?? telemetry.provider
      telemetry.updatedAt = Math.max(telemetry.updatedAt, timestamp)
      return
    }

    case 'artifact.recorded': {
      const { name, mediaType, content } = event.payload
      const others = run.artifacts.filter((each) => each.name !== name)
      const artifact = { name, mediaType, content, recordedAt: timestamp }
      run.artifacts = [...others, artifact].slice(-ARTIFACTS_KEPT)
      return
    }

    case 'transcript.compacted':
    case 'handoff.recorded':
    case 'control.requested':
    case 'control.settled':
    case 'log.gap':
    case 'foreign':
      // Kept and shown on the timeline; the head advances, nothing else.
      return

    case 'workflow.registered':
    case 'workflow.transitioned':
    case 'workflow.attempt_started':
    case 'phase.transitioned':
      // The decoder keeps these out of run logs.
      return
  }
}

/** It waits for a person, and nobody has said for what. */
const isAsking = ({ run, questions }: RunDraft): boolean =>
  run.status === 'awaiting_user' && !questions.some(({ state }) => state === 'open')

/** A status fact, and what the end of a run means for its open calls, questions and clock. */
function settle(
  draft: RunDraft,
  fact: TransitionFact,
  attempt: number,
  timestamp: number,
  touched: Map<string, ToolCall>,
): void {
  const { status: before } = draft.run
  const { lifecycle: run, moved, notes } = transition(draft.run, draft.notes, fact, attempt, timestamp)
  draft.run = run
  draft.notes = notes
  if (!moved || !isSettled(run.status)) return

  const { telemetry } = draft
  const wall = (run.completedAt ?? timestamp) - run.startedAt
  // Told once, when it was over: nobody saw it begin, and no time at all would be a figure.
  telemetry.elapsedMs = wall <= 0 && before === 'pending' ? null : Math.max(0, wall)
  telemetry.updatedAt = Math.max(telemetry.updatedAt, timestamp)
  // Who waited and is done was told what it waited for, on a way that was not seen.
  const wasTold = before === 'awaiting_user' && run.status === 'completed'
  const became = run.inferred ? 'unknown' : wasTold ? 'answered' : 'superseded'
  draft.questions = closeQuestions(draft.questions, became, timestamp)
  abandonCalls(draft, run.status, touched)
}

/** Calls that never reported their end have the run's. */
function abandonCalls(draft: RunDraft, ending: SettledStatusName, touched: Map<string, ToolCall>): void {
  for (const call of abandoned(draft.toolCalls, ending)) {
    keepCall(draft.toolCalls, call)
    touched.set(call.id, call)
  }
}

function putCall(draft: RunDraft, call: ToolCall, touched: Map<string, ToolCall>): void {
  const { telemetry, toolCalls } = draft
  keepCall(toolCalls, call)
  touched.set(call.id, call)
  telemetry.updatedAt = Math.max(telemetry.updatedAt, call.startedAt + (call.elapsedMs ?? 0))
}

const callSite = (
  { stream, position, timestamp }: SourceEvent,
  attempt: number,
  { run, telemetry }: RunDraft,
): CallSite => ({
  attempt,
  iteration: run.iteration,
  ordinal: telemetry.toolCount + 1,
  timestamp,
  stream,
  position,
})
