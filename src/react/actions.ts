/**
 * Owns what a person can do about a run: each verb with whether it is possible, why not, and how far it got.
 */
import { useState } from 'react'
import { useSelector } from 'react-redux'
import type { Json } from '../core/entities.ts'
import type { CommandVerb, RunCommand } from '../core/commands.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isSettled } from '../core/status.ts'
import type { RunLedgerState } from '../state/selectors.ts'
import { selectIsUnconfirmed, selectPendingCommands } from '../state/selectors.ts'
import { at } from '../state/table.ts'
import { useRunLedger } from './context.tsx'

export interface RunAction<Arguments extends unknown[]> {
  can: boolean
  /** Why not, for the person; null when `can`. */
  whyNot: string | null
  pending: boolean
  error: string | null
  run: (...args: Arguments) => Promise<RunCommand | null>
}

export interface RunActions {
  stop: RunAction<[]>
  answer: RunAction<[questionId: string, answer: Json]>
}

export function useRunActions(log: LogId): RunActions {
  const whyNot = useSelector((state: RunLedgerState) => reasonAgainst(state, log))
  const stop = useVerb(log, 'stop', whyNot)
  const answer = useVerb(log, 'answer', whyNot)
  return {
    stop: { ...stop, run: () => stop.run(null) },
    answer: { ...answer, run: (questionId, value) => answer.run({ questionId, answer: value }) },
  }
}

function useVerb(log: LogId, verb: CommandVerb, whyNot: string | null): RunAction<[payload: Json]> {
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
  return { can: whyNot === null, whyNot, pending: sending || waiting, error, run }
}

function reasonAgainst(state: RunLedgerState, log: LogId): string | null {
  if (state.ledger.phase !== 'ready') return 'Still loading.'
  const record = at(state.runs.records, log)
  if (record === undefined) return 'This run is not known here.'
  const { status } = lifecycleOf(record)
  if (isSettled(status)) return `It is ${status} already.`
  if (selectIsUnconfirmed(state, log)) return 'Nobody has confirmed that it is still alive.'
  return null
}
