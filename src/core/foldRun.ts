/**
 * Owns what each event means for an agent run: one case per event type, pure, no clock. SPEC F1–F6.
 */
import type { AgentRun, Question, RunRecord, RunTelemetry, ToolCall } from './entities.ts'
import type { SourceEvent } from './events.ts'
import { idOfLog } from './ids.ts'
import type { RunLogId } from './ids.ts'
import { attemptOf, bind, late, newLifecycle, NO_NOTES, openAttempt, transition } from './lifecycle.ts'
import type { TransitionFact } from './lifecycle.ts'
import { addParent, fillMissing, register } from './registration.ts'
import { askQuestion, closeQuestions, settleQuestion } from './questions.ts'
import type { SettledStatusName } from './status.ts'
import { isSettled } from './status.ts'
import { abandonCalls, finishCall, giveUpOldest, keepCall, startCall } from './toolCalls.ts'
import { NO_USAGE, recordUsage, totalsOf } from './usage.ts'

const ARTIFACTS_KEPT = 50

/** The result of one event: the record after it, and the tool calls it touched, kept or not. */
export interface RunStep {
  record: RunRecord
  toolCalls: readonly ToolCall[]
}

/** A run first heard of through any event; `run.registered` fills in what it is. */
export function newRunRecord(log: RunLogId, timestamp: number): RunRecord {
  const telemetry: RunTelemetry = {
    ...totalsOf(NO_USAGE),
    elapsedMs: null,
    toolCount: 0,
    toolErrorCount: 0,
    model: null,
    provider: null,
    updatedAt: timestamp,
  }
  const run: AgentRun = {
    id: idOfLog(log),
    kind: 'subagent',
    parentRunId: null,
    rootRunId: null,
    formerParentRunIds: [],
    workflowRunId: null,
    phase: null,
    contentKey: null,
    parentThreadId: null,
    workerThreadId: null,
    parentCallId: null,
    agentId: null,
    agentName: null,
    prompt: null,
    taskBoardId: null,
    taskCardId: null,
    checkpoint: null,
    origin: null,
    metadata: {},
    createdAt: timestamp,
    iteration: 0,
    maxIterations: null,
    artifacts: [],
    ...newLifecycle(timestamp, undefined),
  }
  return {
    entity: 'run',
    log,
    run,
    telemetry,
    usage: NO_USAGE,
    questions: [],
    toolCalls: [],
    bindings: [],
    registered: false,
    notes: NO_NOTES,
  }
}

/** Folds one event; the caller stamps the sequence (`accept.ts`). */
export function foldRun(record: RunRecord, event: SourceEvent): RunStep {
  const { run, notes } = record
  const attempt = attemptOf(record.bindings, event.stream, run.attempt)
  const unchanged: RunStep = { record, toolCalls: [] }
  const only = (changes: Partial<RunRecord>): RunStep => ({
    record: { ...record, ...changes },
    toolCalls: [],
  })
  const tooLate = (): RunStep => only({ notes: late(notes) })
  const current = attempt === run.attempt

  switch (event.type) {
    case 'run.registered': {
      const known = only(register(record, event.payload, event.stream, event.timestamp))
      const { status } = event.payload
      if (status === undefined || record.registered || run.lastSequence === 0) return known
      // Other events were quicker: the status it was registered with is one more fact.
      return settle(known.record, { to: status, trigger: 'spawn' }, run.attempt, event.timestamp)
    }

    case 'run.observed': {
      const { kind, status, trigger, summary, error, inferred } = event.payload
      const filled = fillMissing(record.registered ? run : { ...run, kind: kind ?? run.kind }, event.payload)
      const seen = filled === run ? unchanged : only({ run: filled, registered: true })
      if (status === undefined) return seen
      const fact = { to: status, trigger: trigger ?? 'imported', summary, error, inferred }
      const moved = settle(seen.record, fact, attempt, event.timestamp)
      // A row of a list is often old: that it came too late is not worth a note each time it is read.
      return moved.record.run === seen.record.run ? seen : moved
    }

    case 'run.transitioned':
      return settle(record, event.payload, attempt, event.timestamp)

    case 'run.attempt_started': {
      const opened = openAttempt(run, event.payload, event.timestamp)
      if (opened === null) return tooLate()
      const abandoned = abandonCalls(record.toolCalls, 'interrupted')
      return {
        record: {
          ...record,
          run: { ...opened, iteration: 0, checkpoint: null },
          telemetry: { ...record.telemetry, elapsedMs: null },
          toolCalls: abandoned.reduce(keepCall, record.toolCalls),
          questions: closeQuestions(record.questions, 'superseded', event.timestamp),
          bindings: bind(record.bindings, event.stream, opened.attempt),
        },
        toolCalls: abandoned,
      }
    }

    case 'run.linked': {
      const { parentRunId } = event.payload
      return parentRunId === undefined ? unchanged : only({ run: addParent(run, parentRunId) })
    }

    case 'iteration.started': {
      if (!current || isSettled(run.status)) return tooLate()
      const { iteration, max } = event.payload
      return only({ run: { ...run, iteration, maxIterations: max ?? run.maxIterations } })
    }

    case 'tool.started': {
      if (!current || isSettled(run.status)) return tooLate()
      const call = startCall(record.toolCalls, event.payload, callSite(event, attempt, run))
      if (call === null) return unchanged
      const given = giveUpOldest(record.toolCalls)
      const toolCalls = given === null ? record.toolCalls : keepCall(record.toolCalls, given)
      const step = withCall({ ...record, toolCalls }, call, { started: true, failed: false })
      return given === null ? step : { ...step, toolCalls: [given, ...step.toolCalls] }
    }

    case 'tool.finished': {
      const finished = finishCall(record.toolCalls, event.payload, callSite(event, attempt, run))
      if (finished === null) return unchanged
      if (!finished.started && (!current || isSettled(run.status))) return tooLate()
      const failed = finished.call.status === 'failed'
      return withCall(record, finished.call, { started: !finished.started, failed })
    }

    case 'question.asked': {
      if (!current || isSettled(run.status)) return tooLate()
      return only({ questions: askQuestion(record.questions, event.payload, attempt, event.timestamp) })
    }

    case 'question.settled':
      return only({ questions: settleQuestion(record.questions, event.payload, event.timestamp) })

    case 'checkpoint.saved': {
      if (!current) return tooLate()
      return only({ run: { ...run, checkpoint: { savedAt: event.timestamp, state: event.payload.state } } })
    }

    case 'checkpoint.cleared':
      return current ? only({ run: { ...run, checkpoint: null } }) : tooLate()

    case 'usage.reported': {
      const usage = recordUsage(record.usage, event.payload, event.stream)
      if (usage === null) return only({ notes: { ...notes, refused: notes.refused + 1 } })
      const { model, provider } = event.payload
      const telemetry = {
        ...record.telemetry,
        ...totalsOf(usage),
        model: model ?? record.telemetry.model,
        provider: provider ?? record.telemetry.provider,
        updatedAt: Math.max(record.telemetry.updatedAt, event.timestamp),
      }
      return only({ usage, telemetry })
    }

    case 'artifact.recorded': {
      const { name, mediaType, content } = event.payload
      const artifact = { name, mediaType, content, recordedAt: event.timestamp }
      const others = run.artifacts.filter((each) => each.name !== name)
      return only({ run: { ...run, artifacts: [...others, artifact].slice(-ARTIFACTS_KEPT) } })
    }

    case 'transcript.compacted':
    case 'handoff.recorded':
    case 'control.requested':
    case 'control.settled':
    case 'log.gap':
    case 'foreign':
      // Kept and shown on the timeline; the head advances, nothing else.
      return unchanged

    case 'workflow.registered':
    case 'workflow.transitioned':
    case 'workflow.attempt_started':
    case 'phase.transitioned':
      // The decoder keeps these out of run logs.
      return unchanged
  }
}

/** A status fact, and what the end of a run means for its open calls, questions and clock. */
function settle(record: RunRecord, fact: TransitionFact, attempt: number, timestamp: number): RunStep {
  const { lifecycle: run, moved, notes } = transition(record.run, record.notes, fact, attempt, timestamp)
  if (run === record.run && notes === record.notes) return { record, toolCalls: [] }
  if (!moved || !isSettled(run.status)) return { record: { ...record, run, notes }, toolCalls: [] }

  const abandoned = abandonCalls(record.toolCalls, run.status as SettledStatusName)
  const toolCalls = abandoned.reduce(keepCall, record.toolCalls)
  const questions: readonly Question[] = closeQuestions(
    record.questions,
    run.inferred ? 'unknown' : 'superseded',
    timestamp,
  )
  const telemetry = {
    ...record.telemetry,
    elapsedMs: Math.max(0, (run.completedAt ?? timestamp) - run.startedAt),
    updatedAt: Math.max(record.telemetry.updatedAt, timestamp),
  }
  return { record: { ...record, run, notes, toolCalls, questions, telemetry }, toolCalls: abandoned }
}

function withCall(record: RunRecord, call: ToolCall, counts: { started: boolean; failed: boolean }): RunStep {
  const { telemetry } = record
  return {
    record: {
      ...record,
      toolCalls: keepCall(record.toolCalls, call),
      telemetry: {
        ...telemetry,
        toolCount: telemetry.toolCount + (counts.started ? 1 : 0),
        toolErrorCount: telemetry.toolErrorCount + (counts.failed ? 1 : 0),
        updatedAt: Math.max(telemetry.updatedAt, call.startedAt + (call.elapsedMs ?? 0)),
      },
    },
    toolCalls: [call],
  }
}

function callSite(event: SourceEvent, attempt: number, run: AgentRun) {
  const identity = `${event.stream}:${event.position}`
  return { attempt, iteration: run.iteration, timestamp: event.timestamp, identity }
}
