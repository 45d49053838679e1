/**
 * Owns resuming a workflow run as components see it: the plan, what a person agreed to, carrying it out, and the receipt.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useSelector } from 'react-redux'
import type { RunCommand } from '../core/commands.ts'
import { isSettled } from '../core/status.ts'
import type { ResumePlan } from '../core/resume/plan.ts'
import { decodePlan } from '../core/resume/plan.ts'
import { receiptOf } from '../core/resume/receipt.ts'
import type { ResumeReceipt } from '../core/resume/receipt.ts'
import { StalePlanError } from '../state/commands/errors.ts'
import { headsLine } from '../state/selectors/morning.ts'
import type { PlanOptions } from '../state/resume/world.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { selectIsUnconfirmed, selectWorkflow, selectWorkflowRuns } from '../state/selectors/selectors.ts'
import { useRunLedger } from './context.tsx'
import { useText, useWorkflow } from './hooks.ts'

export interface ResumePlanView {
  /** `loading`: a plan is being made; the one before it is shown meanwhile. */
  state: 'loading' | 'ready' | 'failed'
  plan: ResumePlan | null
  /** Why no plan could be made. */
  error: string | null
  /** Entries a person agreed to. */
  agreed: readonly string[]
  agree: (entryId: string) => void
  withdraw: (entryId: string) => void
  /** Makes a new plan. */
  refresh: () => void
  /** Carries out exactly the plan that is shown; null when that failed: `resumeError` says why. */
  resume: () => Promise<RunCommand | null>
  resuming: boolean
  resumeError: string | null
  /** The last resume found that something happened since its plan was made. */
  isStale: boolean
}

const NOTHING_AGREED: readonly string[] = []

/** The plan to resume a workflow run; made anew when its log or one of its children's moves on. */
export function useResumePlan(
  workflowRunId: string,
  options: Omit<PlanOptions, 'agreed'> = {},
): ResumePlanView {
  const [choice, setChoice] = useState({ workflowRunId, agreed: NOTHING_AGREED })
  const agreed = choice.workflowRunId === workflowRunId ? choice.agreed : NOTHING_AGREED
  const { made, refresh } = usePlan(workflowRunId, { ...options, agreed })
  const execution = useExecution(made.plan)

  const change = useCallback(
    (next: (before: readonly string[]) => readonly string[]) =>
      setChoice((before) => ({
        workflowRunId,
        agreed: next(before.workflowRunId === workflowRunId ? before.agreed : NOTHING_AGREED),
      })),
    [workflowRunId],
  )
  return {
    ...made,
    agreed,
    agree: useCallback((id: string) => change((before) => [...new Set([...before, id])]), [change]),
    withdraw: useCallback((id: string) => change((before) => before.filter((each) => each !== id)), [change]),
    ...execution,
    refresh: () => {
      execution.forget()
      refresh()
    },
  }
}

type Made = Pick<ResumePlanView, 'state' | 'plan' | 'error'>

function usePlan(workflowRunId: string, options: PlanOptions): { made: Made; refresh: () => void } {
  const ledger = useRunLedger()
  const isReady = useSelector((state: RunLedgerState) => state.ledger.phase === 'ready')
  const heads = useSelector((state: RunLedgerState) => headsOfWorkflow(state, workflowRunId))
  const [round, setRound] = useState(0)
  const [made, setMade] = useState<Made & { key: string; workflowRunId: string }>()
  const asked = JSON.stringify(options)
  const key = JSON.stringify([workflowRunId, heads, asked, round])
  useEffect(() => {
    if (!isReady) return
    let current = true
    ledger.planResume(workflowRunId, JSON.parse(asked) as PlanOptions).then(
      (plan) => current && setMade({ key, workflowRunId, state: 'ready', plan, error: null }),
      (error: unknown) =>
        current && setMade({ key, workflowRunId, state: 'failed', plan: null, error: messageOf(error) }),
    )
    return () => {
      current = false
    }
  }, [ledger, isReady, key, workflowRunId, asked])
  const shown = useMemo((): Made => {
    if (made?.workflowRunId !== workflowRunId) return { state: 'loading', plan: null, error: null }
    const { state, plan, error } = made
    return { state: made.key === key ? state : 'loading', plan, error }
  }, [made, key, workflowRunId])
  return { made: shown, refresh: useCallback(() => setRound((each) => each + 1), []) }
}

/** While its owner drives it there is nothing to plan, and it moves on with every frame. */
function headsOfWorkflow(state: RunLedgerState, workflowRunId: string): string {
  const record = selectWorkflow(state, workflowRunId)
  if (record === null) return 'unknown'
  const isDriven = !isSettled(record.workflow.status) && !selectIsUnconfirmed(state, record.log)
  return isDriven ? 'driven' : headsLine(record, selectWorkflowRuns(state, workflowRunId))
}

type Execution = Pick<ResumePlanView, 'resume' | 'resuming' | 'resumeError' | 'isStale'>

function useExecution(plan: ResumePlan | null): Execution & { forget: () => void } {
  const ledger = useRunLedger()
  const busy = useRef(false)
  const [resuming, setResuming] = useState(false)
  const [failure, setFailure] = useState<{ error: string; isStale: boolean } | null>(null)
  const resume = useCallback(async (): Promise<RunCommand | null> => {
    if (plan === null || busy.current) return null
    busy.current = true
    setResuming(true)
    setFailure(null)
    try {
      const command = await ledger.resumeWorkflow(plan)
      const isRefused = command.state === 'rejected' || command.state === 'unknown'
      if (isRefused) setFailure({ error: command.detail ?? 'It was not resumed.', isStale: false })
      return command
    } catch (error) {
      setFailure({ error: messageOf(error), isStale: error instanceof StalePlanError })
      return null
    } finally {
      busy.current = false
      setResuming(false)
    }
  }, [ledger, plan])
  const forget = useCallback(() => setFailure(null), [])
  return { resume, resuming, resumeError: failure?.error ?? null, isStale: failure?.isStale === true, forget }
}

export interface ResumeReceiptView {
  /** `none`: it was never resumed by a plan. */
  state: 'loading' | 'none' | 'ready' | 'missing'
  receipt: ResumeReceipt | null
}

/** What the plan of the present attempt promised, against what became of it. */
export function useResumeReceipt(workflowRunId: string): ResumeReceiptView {
  const { state, record, runs } = useWorkflow(workflowRunId)
  const kept = record?.workflow.resumePlan ?? null
  const text = useText(kept)
  const planned = useMemo(() => (text.state === 'ready' ? decodePlan(text.text) : null), [text])
  return useMemo((): ResumeReceiptView => {
    if (record === null) return { state: state === 'missing' ? 'none' : 'loading', receipt: null }
    if (kept === null) return { state: 'none', receipt: null }
    if (text.state === 'loading') return { state: 'loading', receipt: null }
    // What is no plan any more is as good as gone.
    if (planned === null) return { state: 'missing', receipt: null }
    return { state: 'ready', receipt: receiptOf(record, planned, runs) }
  }, [state, record, runs, kept, text, planned])
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
