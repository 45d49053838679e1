/**
 * Owns the shape of a resume plan: what would become of every child of a workflow run, why, and what it saves or
 * costs. Plain JSON: it is shown, agreed to, sent and kept as the receipt. Made by `planner.ts`. SPEC R1–R3.
 */
import { z } from 'zod'
import type { Json, RunRecord, WorkflowRecord } from '../entities.ts'
import type { LogId } from '../ids.ts'
import type { Evidence } from '../ports.ts'
import type { WorkflowDefinition } from '../workflow/definition.ts'
import type { ResumePolicy } from './policy.ts'

/** `await`: nothing is launched for it now; a person, a live run or an earlier phase comes first. */
export const PLAN_ACTIONS = ['reuse', 'relaunch', 'await', 'blocked'] as const
export type PlanAction = (typeof PLAN_ACTIONS)[number]

/** Why an entry is what it is; `message` of the entry says it in a sentence. */
export const PLAN_REASONS = [
  // reuse
  'completed',
  'orphan',
  // relaunch
  'failed',
  'missing',
  'interrupted',
  'agreed',
  /** Its work is another now: a new run that replays it. */
  'changed',
  // await
  'question',
  /** It was paused and can go on from its checkpoint: resuming the workflow wakes it. */
  'paused',
  'live',
  /** What it is given is only known when an earlier phase is done; reused after all if that comes out the same. */
  'upstream',
  // blocked
  'result-missing',
  'checkpoint-unusable',
  'unknown-outcome',
  'asks',
  'not-allowed',
  'agent-missing',
  'owner-unreachable',
  'capped',
] as const
export type PlanReason = (typeof PLAN_REASONS)[number]

export interface PlanEntry {
  /** Unique in the plan: the run it is about, or `new:<phase>:<number>`. */
  id: string
  /** The run as it is, with `changed` the one a new run replays; null for work never begun. */
  runId: string | null
  /** Key of the work as it would be done now; null while it depends on results to come. */
  contentKey: string | null
  phase: string
  agentId: string
  agentName: string
  /** What it is for, in short. */
  task: string
  action: PlanAction
  reason: PlanReason
  message: string
  /** The attempt a relaunch would be; the present one otherwise; null for a run that is still to be. */
  attempt: number | null
  /** Goes on from what it was told so far instead of from the start. */
  fromCheckpoint: boolean
  /** What need not be done again. */
  saved: WorkDone
  /** What is done again, or would be. */
  atRisk: WorkDone
  /** A person may agree to it after all (`agreed` of the next plan). */
  canAgree: boolean
}

/** What went into work already; unknown is null. */
export interface WorkDone {
  toolCalls: number
  elapsedMs: number | null
  tokens: number | null
  costUsd: number | null
}

export interface ResumePlan {
  workflowRunId: string
  /** The attempt of the workflow it would be. */
  attempt: number
  /** Why nothing can be resumed; entries may still say what is there. */
  refusal: string | null
  /** One a child that is of use and a task without one, in definition order of phases, then of tasks. */
  entries: readonly PlanEntry[]
  /** What is not as it was when the run began, named: `input changed: question`. */
  changes: readonly string[]
  /** Nothing is blocked and nothing needs a person's word first. */
  isSafe: boolean
  saved: WorkDone
  atRisk: WorkDone
  /** Head of the workflow's log and of each child's: the world the plan is about. */
  heads: Readonly<Record<LogId, number>>
  /** As it will be run. */
  definition: Json
  input: Json
  policy: ResumePolicy
  /** Entries a person agreed to. */
  agreed: readonly string[]
}

/** Everything a plan depends on, looked up beforehand. */
export interface ResumeWorld {
  record: WorkflowRecord
  /** Whether somebody drives the workflow itself now. */
  evidence: Evidence
  /** All runs of the workflow, however many attempts it had. */
  children: readonly ResumeChild[]
  /** What is to be run now; as recorded unless the host gives another. */
  definition: WorkflowDefinition
  input: Json
  /** Name and fingerprint of an agent; null when there is none of that id. */
  agent(agentId: string): { name: string; fingerprint: string } | null
  policy: ResumePolicy
  agreed: readonly string[]
}

export interface ResumeChild {
  record: RunRecord
  /** Whether somebody drives it now. */
  evidence: Evidence
  /**
   * What it handed on: `missing` when it says it did and the text does not resolve or parse; `redacted` when
   * something was taken out of it.
   */
  result: { kind: 'found'; value: Json } | { kind: 'missing' } | { kind: 'redacted' } | { kind: 'none' }
  checkpoint: { kind: 'usable'; calls: number } | { kind: 'unusable'; why: string } | { kind: 'none' }
  /** Names of calls that may have changed something outside and never reported their end. */
  dangling: readonly string[]
}

const done = z.object({
  toolCalls: z.number(),
  elapsedMs: z.number().nullable(),
  tokens: z.number().nullable(),
  costUsd: z.number().nullable(),
})
const entries: z.ZodType<PlanEntry[]> = z.array(
  z.object({
    id: z.string(),
    runId: z.string().nullable(),
    contentKey: z.string().nullable(),
    phase: z.string(),
    agentId: z.string(),
    agentName: z.string(),
    task: z.string(),
    action: z.enum(PLAN_ACTIONS),
    reason: z.enum(PLAN_REASONS),
    message: z.string(),
    attempt: z.number().nullable(),
    fromCheckpoint: z.boolean(),
    saved: done,
    atRisk: done,
    canAgree: z.boolean(),
  }),
)

/** The entries as `workflow.resumePlan` keeps them; null when the text is not of a plan. Never throws. */
export function decodePlan(text: string): readonly PlanEntry[] | null {
  try {
    const read = entries.safeParse(JSON.parse(text))
    return read.success ? read.data : null
  } catch {
    return null
  }
}
