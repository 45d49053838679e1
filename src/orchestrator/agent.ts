/**
 * Owns what an agent is to the local orchestrator: a function over its input that calls tools, may ask the
 * user, and returns a result. Everything it does through its context becomes an event of its run.
 */
import type { Json, QuestionKind } from '../core/entities.ts'
import type { ContentReader } from '../core/ports.ts'

export interface Agent {
  /** Referred to by workflow definitions. */
  id: string
  name: string
  description: string
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
}

export interface UpstreamResult {
  runId: string
  agentId: string
  output: Json
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
  /** Live prose; shown while it streams, never stored. */
  say(text: string): void
  /** Keeps a text the run produced, a report for instance. */
  artifact(name: string, mediaType: string, text: string): void
}

export interface ToolRequest<Result> {
  name: string
  label: string
  args: Json
  run(): Result | Promise<Result>
  /** The result as text, for the row's preview. */
  show(result: Result): string
}

export interface AgentQuestion {
  kind?: QuestionKind
  prompt: string
  options: readonly { value: string; label: string; description?: string }[]
}
