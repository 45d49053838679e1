/** What the fold made of a history, in the oracle's terms. */
import type { SourceEvent } from '../../../src/core/events.ts'
import type { CallView, RunView } from './oracle.ts'
import { FIGURES } from './oracle.ts'
import { takeAll } from './fold.ts'
import { RUN } from './histories.ts'

export function foldedView(events: readonly SourceEvent[]): RunView {
  const kept = takeAll(events)
  const record = kept.records.get(RUN)
  if (record?.entity !== 'run') throw new Error('no run')
  const { run, notes, telemetry } = record
  const { attempt, status, inferred, startedAt, completedAt, summary, error } = run
  const calls = [...(kept.toolCalls.get(RUN)?.values() ?? [])].map(
    ({ id, name, status, inferred, effect, args, output, failure }): CallView => ({
      id,
      name,
      status,
      inferred,
      effect,
      args: args?.preview ?? null,
      output: output?.preview ?? null,
      failure,
    }),
  )
  return {
    lives: [...run.attempts, { attempt, status, inferred, startedAt, completedAt, summary, error }],
    result: run.result?.preview ?? null,
    attemptOfEvent: (kept.events.get(RUN) ?? []).map((event) => event.attempt),
    calls: sorted(calls, (call) => call.id),
    questions: sorted(
      record.questions.map(({ questionId, attempt, state, answer }) => ({
        questionId,
        attempt,
        state,
        answer,
      })),
      (question) => question.questionId,
    ),
    usage: Object.fromEntries(FIGURES.map((figure) => [figure, telemetry[figure]])),
    costSource: telemetry.costSource,
    parents: [...run.formerParentRunIds, ...(run.parentRunId === null ? [] : [run.parentRunId])],
    checkpoint: run.checkpoint?.state.preview ?? null,
    artifacts: Object.fromEntries(run.artifacts.map((artifact) => [artifact.name, artifact.content.preview])),
    late: notes.late,
    irregular: notes.irregular,
  }
}

export const inOrder = (view: RunView): RunView => ({
  ...view,
  calls: sorted(view.calls, (call) => call.id),
  questions: sorted(view.questions, (question) => question.questionId),
})

const sorted = <Item>(items: readonly Item[], key: (item: Item) => string): Item[] =>
  items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
