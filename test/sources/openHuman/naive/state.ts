/**
 * Owns what the naive converter remembers of a thread: one timeline, rows that the live path and the ledger path name
 * differently, and totals that only grow. Everything here is what openhuman.md says of the app (2.2, 4, 8).
 */
import type { RowStatus } from '../support/turnsApp.ts'

export interface NaiveCall {
  callId: string
  name: string
  status: RowStatus
  result: string | null
}

export interface NaiveChild {
  taskId: string
  mode: string | null
  awaitingQuestion: string | null
  elapsedMs: number | null
  toolCalls: NaiveCall[]
}

export interface NaiveRow {
  id: string
  name: string
  round: number
  status: RowStatus
  callId: string | null
  result: string | null
  detail: string | null
  subagent: NaiveChild | null
}

export interface NaiveThread {
  rows: NaiveRow[]
  /** Of the present turn only; gone when it ended. */
  lifecycle: { requestId: string | null; phase: 'started' | 'streaming' | 'interrupted' } | null
  totals: { inputTokens: number; outputTokens: number; costUsd: number }
  /** What was heard, by the keys of 2.5; the newest 500. */
  seen: Set<string>
  generated: number
}

const SEEN_KEPT = 500

export const newThread = (): NaiveThread => ({
  rows: [],
  lifecycle: null,
  totals: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
  seen: new Set(),
  generated: 0,
})

/** 2.5: true for what was heard before. Text deltas and sub-agent events had no such guard. */
export function isSeen(thread: NaiveThread, key: string): boolean {
  if (thread.seen.has(key)) return true
  thread.seen.add(key)
  const [oldest] = thread.seen
  if (thread.seen.size > SEEN_KEPT && oldest !== undefined) thread.seen.delete(oldest)
  return false
}

export const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)
export const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)
export const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
