/**
 * Owns what is done for one task of a phase: a new run, the result of one that is done already, one that goes on or
 * begins again, or nothing. SPEC R1.
 */
import type { KnownChild } from '../core/resume/order.ts'
import type { ContentReader } from '../core/ports.ts'
import type { ChildOutcome } from './childOutcome.ts'
import type { LocalAgentRun } from './childRun.ts'
import type { Assigned } from './knownChildren.ts'
import { newRun, openingWords } from './opening.ts'
import type { Opening } from './opening.ts'
import type { PlannedTask } from './phaseRun.ts'
import { readCheckpoint, readResult, readText, unusable } from './readResult.ts'
import { readable } from './text.ts'

export interface TaskHost {
  content: ContentReader
  /** Launches it now. */
  launch(runId: string, planned: PlannedTask, opening: Opening): LocalAgentRun
  /** Resolves when something may be launched again; false when nothing will be. */
  ready(): Promise<boolean>
  /** The run if this orchestrator drives it. */
  adopt(runId: string): LocalAgentRun | null
  /** Counts it among the workflow's runs. */
  link(runId: string): void
  newId(planned: PlannedTask): string
}

/** Never decides to do again what is done: a result that does not resolve fails its task. */
export function carryTask(host: TaskHost, assigned: Assigned<PlannedTask>): Promise<ChildOutcome> {
  const { planned, known, replayOf, held } = assigned
  if (held !== null) return left(held)
  if (known === null) {
    const runId = host.newId(planned)
    const child = host.launch(runId, planned, newRun(replayOf))
    host.link(runId)
    return child.done
  }
  const { action } = known
  if (action.kind === 'reuse') return reuse(host, known, action)
  if (action.kind === 'leave') return left(action.reason)
  // Whatever the plan knew: what is driven here already has one driver.
  const driven = host.adopt(known.runId)
  if (driven !== null) return driven.done
  switch (action.kind) {
    case 'relaunch':
      return relaunch(host, planned, known, action)
    case 'continue':
      return goOn(host, planned, known, action)
    case 'adopt':
      return left(`${known.runId} is not run here any more`)
  }
}

type Action<Kind extends KnownChild['action']['kind']> = Extract<KnownChild['action'], { kind: Kind }>

const left = (reason: string): Promise<ChildOutcome> => Promise.resolve({ kind: 'left', reason })

async function reuse(
  { content, link }: TaskHost,
  { runId, agentId }: KnownChild,
  { result, output, summary, isOrphan }: Action<'reuse'>,
): Promise<ChildOutcome> {
  const found = await readResult(content, result)
  if (found === null) return left(`the result of ${runId} is missing`)
  const text = (output && (await readText(content, output))) ?? readable(found.value)
  if (isOrphan) link(runId)
  return { kind: 'completed', result: { runId, agentId, output: found.value, summary, text } }
}

async function relaunch(
  host: TaskHost,
  planned: PlannedTask,
  known: KnownChild,
  { checkpoint }: Action<'relaunch'>,
): Promise<ChildOutcome> {
  const { runId } = known
  const attempt = known.attempt + 1
  const read = checkpoint && (await readCheckpoint(host.content, checkpoint, expectedOf(known)))
  if (read !== null && !read.ok) return left(`${runId} cannot go on: ${unusable(read.reason)}`)
  if (!(await host.ready())) return left('nothing is launched any more')
  const kept = read?.state ?? null
  return host.launch(runId, withWords(planned, kept), { kind: 'attempt', attempt, kept }).done
}

async function goOn(
  host: TaskHost,
  planned: PlannedTask,
  known: KnownChild,
  { checkpoint }: Action<'continue'>,
): Promise<ChildOutcome> {
  const { runId, attempt } = known
  const read = await readCheckpoint(host.content, checkpoint, { ...expectedOf(known), attempt })
  if (!read.ok) return left(`${runId} cannot go on: ${unusable(read.reason)}`)
  if (!(await host.ready())) return left('nothing is launched any more')
  const opening: Opening = { kind: 'continue', attempt, kept: read.state }
  const child = host.launch(runId, withWords(planned, read.state), opening)
  child.resume()
  return child.done
}

const expectedOf = ({ runId, agentId, contentKey }: KnownChild) => ({ runId, agentId, contentKey })

/** What opened the attempt opens it again. */
const withWords = (planned: PlannedTask, kept: Parameters<typeof openingWords>[0] | null): PlannedTask =>
  kept === null ? planned : { ...planned, task: { ...planned.task, followUps: openingWords(kept) } }
