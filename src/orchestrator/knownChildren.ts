/**
 * Owns which of the runs that are there already is the work of a task: by its key, as often as the key is there, in
 * whatever order. SPEC R1.
 */
import type { HeldWork, KnownChild } from '../core/resume/order.ts'

export interface Keyed {
  contentKey: string
  agent: { id: string }
}

export interface Assigned<Task> {
  planned: Task
  /** The run that does this work; null when none was ever begun. */
  known: KnownChild | null
  /** A run of the same phase and agent whose work is wanted no more. */
  replayOf: string | null
  /** Why no new run is launched for it; null when one may be. */
  held: string | null
}

export interface KnownChildren {
  /** All tasks of a phase at once. */
  assign<Task extends Keyed>(phase: string, tasks: readonly Task[]): readonly Assigned<Task>[]
}

export function createKnownChildren(
  children: readonly KnownChild[],
  heldWork: readonly HeldWork[],
): KnownChildren {
  const left = new Set(children)

  function take(fits: (child: KnownChild) => boolean): KnownChild | null {
    for (const child of left) {
      if (!fits(child)) continue
      left.delete(child)
      return child
    }
    return null
  }

  const heldOf = (phase: string, agentId: string): string | null =>
    heldWork.find((held) => held.phase === phase && held.agentId === agentId)?.reason ?? null

  return {
    assign(phase, tasks) {
      const found = tasks.map((planned) => ({
        planned,
        known: take((child) => child.contentKey === planned.contentKey),
      }))
      // Only now it is known which of them nobody wants.
      return found.map(({ planned, known }) => {
        const agentId = planned.agent.id
        const held = known === null ? heldOf(phase, agentId) : null
        const isNew = known === null && held === null
        const former = isNew ? take((child) => child.phase === phase && child.agentId === agentId) : null
        return { planned, known, replayOf: former?.runId ?? null, held }
      })
    },
  }
}
