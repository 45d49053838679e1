/** The oracle of workflow runs: phases, children and status from the whole list. DESIGN 2 and 3. */
import type { Json, PhaseStatus } from '../../../src/core/entities.ts'
import type { SourceEvent } from '../../../src/core/events.ts'
import type { RunStatusName } from '../../../src/core/status.ts'
import { SETTLED } from './matrix.ts'
import { runOracle } from './oracle.ts'

export interface WorkflowView {
  lives: { attempt: number; status: RunStatusName; inferred: boolean }[]
  phases: { name: string; status: PhaseStatus }[]
  childRunIds: string[]
  definitionId: string
  title: string | null
  /** What the present attempt hands on, and the plan it follows. */
  result: string | null
  resumePlan: string | null
  input: Json
  late: number
}

export function workflowOracle(events: readonly SourceEvent[]): WorkflowView {
  const known = events.find((event) => event.type === 'workflow.registered')
  const lives = (list: readonly SourceEvent[]) => runOracle(list.map(asRun)).lives
  const phases = new Map<string, PhaseStatus>()
  let resumePlan: string | null = null
  let input: Json = null
  let late = runOracle(events.map(asRun)).late
  events.forEach((event, at) => {
    const before = at === 0 ? null : lives(events.slice(0, at)).at(-1)
    const after = lives(events.slice(0, at + 1)).at(-1)
    if (event === known) {
      // What was seen of its phases before stands; those it does not know come last.
      const seen = [...phases]
      phases.clear()
      for (const { name } of event.payload.phases) phases.set(name, 'pending')
      for (const [name, status] of seen) phases.set(name, status)
      input = event.payload.input ?? null
    }
    // Told again, the first attempt may have more of them.
    if (event.type === 'workflow.registered' && event !== known && after?.attempt === 1)
      for (const { name } of event.payload.phases) if (!phases.has(name)) phases.set(name, 'pending')
    if (event.type === 'phase.transitioned') {
      const attempt = runOracle(events.slice(0, at + 1).map(asRun)).attemptOfEvent.at(-1)
      // What only we think over still has an owner who knows of its phases.
      const isOver = SETTLED.includes(after?.status ?? 'pending') && after?.inferred !== true
      if (attempt !== after?.attempt || isOver) late += 1
      else phases.set(event.payload.phase, event.payload.to)
    }
    const opens = event.type === 'workflow.attempt_started' && after?.attempt !== (before?.attempt ?? 1)
    if (opens && event.stream.startsWith('ledger:')) {
      // It was not over: what seemed to end with it goes on.
      const ended = endingOf(before?.status ?? 'pending')
      for (const [name, status] of phases) if (status === ended) phases.set(name, 'running')
    } else if (opens) {
      // All phases come by again, from the beginning; they may be others now.
      const names = event.payload.phases?.map(({ name }) => name) ?? [...phases.keys()]
      phases.clear()
      for (const name of names) phases.set(name, 'pending')
      resumePlan = event.payload.plan?.preview ?? null
      input = event.payload.input ?? input
    }
    const ended = after && SETTLED.includes(after.status) && JSON.stringify(before) !== JSON.stringify(after)
    if (ended) {
      for (const [name, status] of phases) {
        if (status === 'running') phases.set(name, endingOf(after.status))
      }
    }
  })
  const links = events.flatMap((event) =>
    event.type === 'run.linked' ? (event.payload.childRunId ?? []) : [],
  )
  return {
    lives: lives(events).map(({ attempt, status, inferred }) => ({ attempt, status, inferred })),
    phases: [...phases].map(([name, status]) => ({ name, status })),
    childRunIds: [...new Set(links)],
    definitionId: known?.payload.definitionId ?? 'unknown',
    title: known?.payload.title ?? null,
    result: runOracle(events.map(asRun)).result,
    resumePlan,
    input,
    late,
  }
}

const endingOf = (status: RunStatusName): PhaseStatus =>
  status === 'cancelled' ? 'cancelled' : 'interrupted'

/** Attempts and statuses of workflows follow the same table as those of runs. */
function asRun(event: SourceEvent): SourceEvent {
  switch (event.type) {
    case 'workflow.registered':
      return { ...event, type: 'run.registered', payload: { status: event.payload.status } }
    case 'workflow.transitioned':
      return { ...event, type: 'run.transitioned' }
    case 'workflow.attempt_started':
      return { ...event, type: 'run.attempt_started' }
    case 'phase.transitioned':
    case 'run.linked':
      return { ...event, type: 'foreign', payload: { source: 'x', name: 'x' } }
    default:
      return event
  }
}
