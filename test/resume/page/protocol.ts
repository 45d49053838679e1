/** Owns what the page that is killed and the process that judges it say to each other. Plain JSON only. */
import type { LogId, RunCommand, RunEvent } from '../../../src/index.ts'
import type { ResumePlan } from '../../../src/core/resume/plan.ts'
import type { PlanOptions } from '../../../src/state/resume/world.ts'

/** What the page shows of the workflow run now; from memory, so it may be asked often. */
export interface Shown {
  /** Null when there is no such run. */
  status: string | null
  questions: readonly { log: LogId; questionId: string; attempt: number }[]
  /** Ids of commands that nobody has settled yet. */
  pending: readonly string[]
}

/** One child, as it is on disk. */
export interface StoredChild {
  id: string
  phase: string | null
  agentId: string | null
  status: string
  attempt: number
  /** What it handed on, as JSON; null when there is none or it does not resolve. */
  result: string | null
  events: readonly RunEvent[]
}

/** All that is on disk of one workflow run. */
export interface StoredWorkflow {
  status: string | null
  attempt: number
  summary: string | null
  /** The text a person reads; null when there is none or it does not resolve. */
  report: string | null
  events: readonly RunEvent[]
  children: readonly StoredChild[]
  commands: readonly RunCommand[]
}

export type SentCommand = Pick<RunCommand, 'id' | 'state' | 'detail' | 'verb'>

/** What became of a request; what went wrong is told, not thrown. */
export type Outcome<Value> = { ok: true; value: Value } | { ok: false; name: string; message: string }

/** What the page offers to the process. */
export interface ResumePage {
  shown(workflowRunId: string): Shown
  /** Whether its owner says that it drives the run. */
  isDriven(log: LogId): Promise<boolean>
  start(workflowRunId: string, input: TrialInput): Promise<Outcome<SentCommand>>
  plan(workflowRunId: string, options: PlanOptions): Promise<Outcome<ResumePlan>>
  resume(plan: ResumePlan): Promise<Outcome<SentCommand>>
  answer(log: LogId, questionId: string, answer: string): Promise<Outcome<SentCommand>>
  /** `StoredWorkflow` as JSON. Resolves when everything received so far is durable. */
  stored(workflowRunId: string): Promise<string>
}

export interface TrialInput {
  question: string
}

declare global {
  interface Window {
    resume: ResumePage
    /** The CDP binding: how many events have become durable in this document so far. */
    tell(events: string): void
  }
}
