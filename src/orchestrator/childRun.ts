/**
 * Owns what a child run is to those who drive it: what it is launched with, and what can be asked of it.
 */
import type { Json } from '../core/entities.ts'
import type { RunLogId } from '../core/ids.ts'
import type { Clock, ContentReader, Delivery } from '../core/ports.ts'
import type { RunStatusName, Trigger } from '../core/status.ts'
import type { Agent, AgentTask } from './agent.ts'
import type { ChildOutcome } from './childOutcome.ts'
import type { Emitter } from './emitter.ts'
import type { Opening } from './opening.ts'
import type { Pacer } from './pacer.ts'

/** What all runs of an orchestrator are driven with. */
export interface Engine {
  emitter: Emitter
  clock: Clock
  content: ContentReader
  pacer: Pacer
  /** Resolves when everything told so far is on the disk. */
  durable(): Promise<void>
}

/** Told when the run begins and ends to wait for a person. */
export type Waiting = (waiting: boolean, trigger: Trigger) => void

export interface AgentRunSetup {
  runId: string
  agent: Agent
  task: AgentTask
  workflowRunId: string
  phase: string
  contentKey: string
  parentThreadId: string | null
  opening: Opening
  waiting: Waiting
}

export interface LocalAgentRun {
  log: RunLogId
  status(): RunStatusName
  /** Never rejects. */
  done: Promise<ChildOutcome>
  answer(questionId: string, answer: Json): Delivery
  /** Holds back its next step, whatever it is. */
  pause(): Delivery
  /** `trigger` says why it goes on. */
  resume(trigger?: Trigger): Delivery
  followUp(message: string): Delivery
  stop(reason: string): void
  /** Another workflow run drives it from now on. */
  adopt(waiting: Waiting): void
  /** Ends its work without a word: its owner goes away. */
  abandon(): void
}
