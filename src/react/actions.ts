/**
 * Owns what a person can do about a run: each verb with whether it is possible, why not, and how far it got.
 */
import { useState } from 'react'
import { shallowEqual, useSelector } from 'react-redux'
import type { Json, LogRecord, RunRecord } from '../core/entities.ts'
import type { CommandVerb, RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import { consequenceOfStop, resumesByPlan, whyNot } from '../core/permissions.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { selectPendingCommands } from '../state/selectors/selectors.ts'
import { selectDescendants } from '../state/selectors/tree.ts'
import { useNow } from './clock.ts'
import { useRunLedger } from './context.tsx'
import { useCircumstances } from './standing.ts'

export interface RunAction<Arguments extends unknown[]> {
  can: boolean
  /** Why not, for the person; null when `can`. */
  whyNot: string | null
  pending: boolean
  error: string | null
  run: (...args: Arguments) => Promise<RunCommand | null>
}

export interface RunActions {
  /** Of a workflow run whose id was chosen already; `ledger.start` chooses one. */
  start: RunAction<[payload: Json]>
  stop: RunAction<[]>
  pause: RunAction<[]>
  resume: RunAction<[]>
  retry: RunAction<[]>
  answer: RunAction<[questionId: string, answer: Json]>
  followUp: RunAction<[message: string]>
  /** Resuming it means reading a plan first: `useResumePlan`. */
  resumesByPlan: boolean
  /** What a stop does to others; null when it stops nothing but the run itself. */
  consequenceOfStop: string | null
}

/** Often enough for a question whose time runs out. */
const LOOK_MS = 10_000

export function useRunActions(log: LogId): RunActions {
  const [circumstances] = useCircumstances([log])
  const record = circumstances?.record ?? null
  const openQuestions =
    record?.entity === 'run' ? record.questions.filter(({ state }) => state === 'open') : []
  const now = useNow(openQuestions.some(({ expiresAt }) => expiresAt !== null) ? LOOK_MS : null)
  const situation = circumstances === undefined ? null : { ...circumstances, openQuestions, now }
  const against = (verb: CommandVerb): string | null =>
    situation === null ? 'Still loading.' : whyNot(verb, situation)
  const byPlan = situation !== null && resumesByPlan(situation)
  const consequence = useConsequence(record)

  const start = useVerb(log, 'start', against('start'))
  const stop = useVerb(log, 'stop', against('stop'))
  const pause = useVerb(log, 'pause', against('pause'))
  const resume = useVerb(log, 'resume', against('resume') ?? (byPlan ? BY_PLAN : null))
  const retry = useVerb(log, 'retry', against('retry'))
  const answer = useVerb(log, 'answer', against('answer'))
  const followUp = useVerb(log, 'follow_up', against('follow_up'))
  return {
    start,
    stop: { ...stop, run: () => stop.run(null) },
    pause: { ...pause, run: () => pause.run(null) },
    resume: { ...resume, run: () => resume.run(null) },
    retry: { ...retry, run: () => retry.run(null) },
    answer: { ...answer, run: (questionId, value) => answer.run({ questionId, answer: value }) },
    followUp: { ...followUp, run: (message) => followUp.run({ message }) },
    resumesByPlan: byPlan,
    consequenceOfStop: consequence,
  }
}

const BY_PLAN = 'It is resumed by a plan, which says first what would be done.'

function useConsequence(record: LogRecord | null): string | null {
  const children = useSelector(
    (state: RunLedgerState): readonly RunRecord[] =>
      record === null ? [] : selectDescendants(state, record),
    shallowEqual,
  )
  return record === null ? null : consequenceOfStop(record, children)
}

function useVerb(log: LogId, verb: CommandVerb, refusal: string | null): RunAction<[payload: Json]> {
  const ledger = useRunLedger()
  const [error, setError] = useState<string | null>(null)
  const [sending, setSending] = useState(false)
  const waiting = useSelector((state: RunLedgerState) =>
    selectPendingCommands(state, log).some((command) => command.verb === verb),
  )
  async function run(payload: Json): Promise<RunCommand | null> {
    setError(null)
    setSending(true)
    try {
      const command = await ledger.send({ log, verb, payload })
      if (command.state === 'rejected' || command.state === 'unknown') setError(command.detail)
      return command
    } catch (cause) {
      setError(cause instanceof Error ? cause.message : String(cause))
      return null
    } finally {
      setSending(false)
    }
  }
  return { can: refusal === null, whyNot: refusal, pending: sending || waiting, error, run }
}
