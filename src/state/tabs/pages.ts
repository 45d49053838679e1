/**
 * Owns which pages of the scope are alive: each holds a lock named after itself for as long as it lives. Commands
 * belong to the page that sends them, and a repair needs to be alone.
 */
import { scopeName } from '../../core/ids.ts'
import type { Runtime } from '../runtime.ts'

const prefix = (scope: string): string => `run-ledger:${scopeName(scope)}:page:`

/** Tells the scope's other pages that this one is alive. Gives back how to take that back. */
export function claimPage({ locks, scope, page }: Runtime): Promise<() => void> {
  return locks.hold(prefix(scope) + page)
}

/** The living pages, this one included once claimed; null when that cannot be known. */
export async function livingPages({ locks, scope }: Runtime): Promise<ReadonlySet<string> | null> {
  const held = await locks.held()
  if (held === null) return null
  const start = prefix(scope)
  return new Set([...held].flatMap((name) => (name.startsWith(start) ? [name.slice(start.length)] : [])))
}
