/**
 * Owns what an agent is to the local orchestrator: a function over its input that calls tools, may ask the
 * user, and returns a result. Everything it does through its context becomes an event of its run. One that is
 * continued runs again from its beginning and is told what it was told before: given the same answers, it must ask
 * for the same things in the same order.
 */
import type { Json, QuestionKind, ToolEffect } from '../core/entities.ts'
import type { ContentReader } from '../core/ports.ts'
import type { UpstreamResult } from '../core/workflow/tasks.ts'

export type { UpstreamResult } from '../core/workflow/tasks.ts'

export interface Agent {
  /** Referred to by workflow definitions. */
  id: string
  name: string
  description: string
  /** What its work depends on besides its inputs: a model, a prompt. Plain JSON; work of another config is other work. */
  config?: Json
  /** It asks for what the person adds while it works. */
  takesFollowUps?: boolean
  run(context: AgentContext, task: AgentTask): Promise<AgentResult>
}

export interface AgentTask {
  /** The workflow's input, the same for all its agents. */
  input: Json
  /** Results of the phases this one builds upon, directly or not, in definition order, by phase name. */
  upstream: Readonly<Record<string, readonly UpstreamResult[]>>
  /** The item this agent was launched for, in a phase with `forEach`; null elsewhere. */
  item: Json
  /** Zero-based place among the agents of its phase. */
  index: number
  /** Words of the person that opened this attempt. */
  followUps: readonly string[]
}

export interface AgentResult {
  /** Handed to later phases. */
  output: Json
  /** One line for lists. */
  summary: string
  /** The text a person reads, when the result is one; else the output as JSON is shown. */
  text?: string
}

export interface AgentContext {
  runId: string
  /** Aborted when the run is stopped. Tools and questions reject with `signal.reason` by themselves. */
  signal: AbortSignal
  /** Documents and other whole texts, by reference. */
  content: ContentReader
  /** Starts the next iteration of the agent's loop. */
  iteration(max?: number): void
  /** Runs one tool call: started, timed, finished or failed, with its arguments and a preview of its result. */
  tool<Result>(call: ToolRequest<Result>): Promise<Result>
  /** Asks the person and waits: the run is `awaiting_user` until the answer comes. */
  ask(question: AgentQuestion): Promise<Json>
  /** What the person added since this was last asked; each is handed out once. */
  followUps(): readonly string[]
  /** Live prose; shown while it streams, never stored. */
  say(text: string): void
  /** Keeps a text the run produced, a report for instance. */
  artifact(name: string, mediaType: string, text: string): void
}

export interface ToolRequest<Result> {
  name: string
  label: string
  args: Json
  /** Whether it changes anything outside; nobody knows when it is absent. */
  effect?: ToolEffect
  run(): Result | Promise<Result>
  /** The result as text, for the row's preview. */
  show(result: Result): string
}

export interface AgentQuestion {
  kind?: QuestionKind
  prompt: string
  options: readonly { value: string; label: string; description?: string }[]
  /** JSON schema of a free answer, when options are not enough. */
  schema?: Json
  /** Epoch milliseconds after which nobody needs an answer; only shown. */
  expiresAt?: number
}
