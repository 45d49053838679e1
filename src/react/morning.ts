/**
 * Owns the morning view as components see it: what a person finds after an absence, from local data alone; plans of
 * what lost its owner are made one after the other once the ledger is ready, and until then nothing is called safe.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useDispatch, useSelector } from 'react-redux'
import type { WorkflowRecord } from '../core/entities.ts'
import { groupMorning } from '../core/morning.ts'
import type { Morning, MorningGroupName, MorningItem } from '../core/morning.ts'
import type { LogId } from '../core/ids.ts'
import { whyNot } from '../core/permissions.ts'
import type { ResumePlan } from '../core/resume/plan.ts'
import { isSettled } from '../core/status.ts'
import { selectLostWorkflows, selectMorningRoots } from '../state/selectors/morning.ts'
import type { MorningRoot } from '../state/selectors/morning.ts'
import type { ResumeOutcome } from '../state/resume/resumeAllSafe.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { morningDismissed } from '../state/viewPrefsSlice.ts'
import { useNow } from './clock.ts'
import { useRunLedger } from './context.tsx'
import { useCircumstances } from './standing.ts'
import type { Circumstances } from './standing.ts'

export interface MorningEntry extends MorningRoot {
  resumability: MorningItem['resumability']
  /** What a resume would do; null when none was planned. */
  plan: ResumePlan | null
  /** Why no plan could be made. */
  planError: string | null
}

export interface MorningView {
  /** `loading`: there may be more to come. */
  state: 'loading' | 'ready'
  /** Whether there is something to tell that was not put away. */
  isShown: boolean
  /** All five, in order of urgency, empty ones too. */
  groups: readonly { name: MorningGroupName; entries: readonly MorningEntry[] }[]
  counts: Morning['counts']
  total: number
  /** How long the oldest question that can be answered has waited. */
  oldestWaitMs: number | null
  /** When the person was last here; null on a first visit. */
  leftAt: number | null
  /** Plans are still being made. */
  planning: boolean
  /** What `resumeAllSafe` would carry out. */
  safePlans: readonly ResumePlan[]
  resumeAllSafe: () => Promise<readonly ResumeOutcome[]>
  resuming: boolean
  /** What became of each, as they come. */
  outcomes: readonly ResumeOutcome[]
  dismiss: () => void
}

const LOOK_MS = 30_000

export function useMorning(): MorningView {
  const dispatch = useDispatch()
  const isReady = useSelector((state: RunLedgerState) => state.ledger.phase === 'ready')
  const {
    awaySince,
    hereSince,
    morningDismissed: isDismissed,
  } = useSelector((state: RunLedgerState) => state.viewPrefs)
  const roots = useSelector(selectMorningRoots)
  const lost = useSelector(selectLostWorkflows)
  const now = useNow(LOOK_MS)
  const { plans, isPlanning } = usePlans(lost)
  const circumstances = useCircumstancesOf(roots)

  const view = useMemo(() => {
    const entries = new Map(roots.map((root) => [root.entry.log, entryOf(root, lost, plans)]))
    const items = [...entries.values()]
      .filter((entry) => isNews(entry, hereSince))
      .map((entry) => itemOf(entry, circumstances, now))
    const morning = groupMorning(items, { leftAt: awaySince, now })
    const groups = morning.groups.map(({ name, items: own }) => ({
      name,
      entries: own.flatMap(({ log }) => entries.get(log) ?? []),
    }))
    const safe = groups.find(({ name }) => name === 'safe_to_resume')?.entries ?? []
    const { counts, total, oldestWaitSince } = morning
    const oldestWaitMs = oldestWaitSince === null ? null : Math.max(0, now - oldestWaitSince)
    return { groups, counts, total, oldestWaitMs, safePlans: safe.flatMap(({ plan }) => plan ?? []) }
  }, [roots, lost, plans, circumstances, awaySince, hereSince, now])

  return {
    state: isReady ? 'ready' : 'loading',
    isShown: view.total > 0 && !isDismissed,
    ...view,
    leftAt: awaySince,
    planning: isPlanning,
    ...useResumeAll(view.safePlans),
    dismiss: useCallback(() => void dispatch(morningDismissed()), [dispatch]),
  }
}

type Plans = ReadonlyMap<LogId, { key: string; plan: ResumePlan | null; error: string | null }>

/** What is ended in this visit, or by the person themselves, they know of. */
function isNews({ lifecycle }: MorningEntry, hereSince: number | null): boolean {
  if (!isSettled(lifecycle.status)) return true
  if (lifecycle.trigger === 'user_terminated') return false
  return lifecycle.inferred || hereSince === null || (lifecycle.completedAt ?? 0) <= hereSince
}

function entryOf(root: MorningRoot, lost: readonly WorkflowRecord[], plans: Plans): MorningEntry {
  if (!lost.some(({ log }) => log === root.entry.log)) {
    return { ...root, resumability: 'no', plan: null, planError: null }
  }
  const made = plans.get(root.entry.log)
  if (made === undefined) return { ...root, resumability: 'unknown', plan: null, planError: null }
  const { plan, error } = made
  const isSafe = plan?.refusal === null && plan.isSafe
  return {
    ...root,
    resumability: isSafe ? 'safe' : 'not-safe',
    plan,
    planError: error ?? plan?.refusal ?? null,
  }
}

function itemOf(
  { entry, lifecycle, ownerGone, questions, resumability }: MorningEntry,
  circumstances: ReadonlyMap<LogId, Circumstances>,
  now: number,
): MorningItem {
  const asked = questions.map(({ log, question }) => {
    const known = circumstances.get(log)
    const refusal =
      known === undefined ? 'Still loading.' : whyNot('answer', { ...known, openQuestions: [question], now })
    return { askedAt: question.askedAt, expiresAt: question.expiresAt, answerable: refusal === null }
  })
  const { log, unconfirmed } = entry
  return { log, lifecycle, unconfirmed, ownerGone, questions: asked, resumability }
}

function useCircumstancesOf(roots: readonly MorningRoot[]): ReadonlyMap<LogId, Circumstances> {
  const logs = useMemo(
    () => [...new Set(roots.flatMap(({ questions }) => questions.map(({ log }) => log)))],
    [roots],
  )
  const known = useCircumstances(logs)
  return useMemo(
    () => new Map(logs.flatMap((log, index) => (known[index] === undefined ? [] : [[log, known[index]]]))),
    [logs, known],
  )
}

/** One plan after the other, each once per state of its workflow run. */
function usePlans(lost: readonly WorkflowRecord[]): { plans: Plans; isPlanning: boolean } {
  const ledger = useRunLedger()
  const isReady = useSelector((state: RunLedgerState) => state.ledger.phase === 'ready')
  const [plans, setPlans] = useState<Plans>(() => new Map())
  const next = lost.find((record) => plans.get(record.log)?.key !== keyOf(record))
  const [log, id, key] = next === undefined ? [null, '', ''] : [next.log, next.workflow.id, keyOf(next)]
  useEffect(() => {
    if (!isReady || log === null) return
    let current = true
    const keep = (plan: ResumePlan | null, error: string | null): void => {
      if (current) setPlans((before) => new Map(before).set(log, { key, plan, error }))
    }
    ledger.planResume(id).then(
      (plan) => keep(plan, null),
      (error: unknown) => keep(null, error instanceof Error ? error.message : String(error)),
    )
    return () => {
      current = false
    }
  }, [ledger, isReady, log, id, key])
  return { plans, isPlanning: next !== undefined }
}

const keyOf = ({ workflow }: WorkflowRecord): string => `${workflow.attempt}@${workflow.lastSequence}`

function useResumeAll(
  safePlans: readonly ResumePlan[],
): Pick<MorningView, 'resumeAllSafe' | 'resuming' | 'outcomes'> {
  const ledger = useRunLedger()
  const busy = useRef(false)
  const [resuming, setResuming] = useState(false)
  const [outcomes, setOutcomes] = useState<readonly ResumeOutcome[]>([])
  const resumeAllSafe = useCallback(async () => {
    if (busy.current) return []
    busy.current = true
    setResuming(true)
    setOutcomes([])
    try {
      const onOutcome = (outcome: ResumeOutcome): void => setOutcomes((before) => [...before, outcome])
      return await ledger.resumeAllSafe({ plans: safePlans, onOutcome })
    } finally {
      busy.current = false
      setResuming(false)
    }
  }, [ledger, safePlans])
  return { resumeAllSafe, resuming, outcomes }
}
