/**
 * Owns making a resume plan: pure and total, so that what is shown is what is carried out. SPEC R1, R2, R3.
 */
import { hashOf, partOf } from '../contentKey.ts'
import type { Json } from '../entities.ts'
import type { LogId } from '../ids.ts'
import { isRedacted } from '../redact.ts'
import { isSettled } from '../status.ts'
import { definitionChanges, inputChanges } from './changes.ts'
import { entriesOf } from './entries.ts'
import { fateOf, termsOf } from './fate.ts'
import { layOut, whyUnusable } from './layout.ts'
import type { PlanEntry, ResumePlan, ResumeWorld } from './plan.ts'
import { sumOf } from './work.ts'

export { childOrderOf, orderOf } from './makeOrder.ts'

export function planResume(world: ResumeWorld): ResumePlan {
  const unusable = whyUnusable(world.definition)
  const { entries, changes } = unusable === null ? survey(world) : { entries: [], changes: [] }
  const refusal = unusable ?? refusalOf(world, entries) ?? withheld(world)
  const ids = new Set(entries.map(({ id }) => id))
  return {
    workflowRunId: world.record.workflow.id,
    attempt: world.record.workflow.attempt + 1,
    refusal,
    entries,
    changes,
    isSafe: refusal === null && entries.every(needsNobody),
    saved: sumOf(entries.map(({ saved }) => saved)),
    atRisk: sumOf(entries.map(({ atRisk }) => atRisk)),
    heads: headsOf(world),
    definition: world.definition as unknown as Json,
    input: world.input,
    policy: world.policy,
    agreed: [...new Set(world.agreed)].filter((id) => ids.has(id)).toSorted(),
  }
}

function survey(world: ResumeWorld): { entries: readonly PlanEntry[]; changes: readonly string[] } {
  const { record, definition } = world
  const terms = termsOf(world)
  const input = inputChanges(record.workflow.input, world.input)
  const found = new Set<string>()
  const note = (changes: readonly string[]): void => changes.forEach((change) => found.add(change))
  const layout = layOut(world, (child) => fateOf(child, terms).action === 'reuse')
  const entries = layout.phases.flatMap((phase) => entriesOf(phase, { world, terms, input, note }))
  const changes = new Set([...input, ...definitionChanges(record, definition), ...found])
  return { entries, changes: [...changes] }
}

function refusalOf({ record, evidence }: ResumeWorld, entries: readonly PlanEntry[]): string | null {
  const { status, inferred } = record.workflow
  if (status === 'completed') return 'It has finished; nothing is left to resume.'
  const isOpen = !isSettled(status)
  if (evidence.kind === 'live' && (isOpen || inferred)) {
    if (status === 'paused')
      return 'It is paused and its owner is there: it is resumed as it is, without a plan.'
    return 'Its owner is there and still drives it.'
  }
  if (evidence.kind === 'unknown' && isOpen) {
    return 'It cannot be told whether it is still driven: its owner cannot be reached.'
  }
  const isStuck = entries.some(({ action }) => action === 'blocked') && !entries.some(goesOn)
  return isStuck ? 'Nothing can go on: all that is left is blocked, or waits for what is.' : null
}

/** What was asked is not what is kept; a host that still has it gives it with the plan. */
function withheld({ record, input, children }: ResumeWorld): string | null {
  const { workflow } = record
  const kept = hashOf(workflow.input)
  if (hashOf(input) !== kept) return null
  // Of the present attempt: earlier ones may have been given something else.
  const wasOther = children.some(({ record: { run } }) => {
    const given = run.createdAt < workflow.startedAt ? null : partOf(run.contentKey ?? '', 'input')
    // Of a key the part of an input is the hash of its hash (`keyMaker`).
    return given !== null && given !== hashOf(kept)
  })
  return wasOther || isRedacted(JSON.stringify(input)) ? WITHHELD : null
}

const WITHHELD =
  'What it was asked held what looks like a secret, or was not kept: it cannot be asked the same again. Start it anew.'

const goesOn = ({ action, reason }: PlanEntry): boolean =>
  action === 'relaunch' || (action === 'await' && reason !== 'upstream')

/** Neither blocked, nor in want of an answer before the workflow can come to its end. */
const needsNobody = ({ action, reason }: PlanEntry): boolean =>
  action !== 'blocked' && reason !== 'question' && reason !== 'paused'

function headsOf({ record, children }: ResumeWorld): Readonly<Record<LogId, number>> {
  const heads: [LogId, number][] = children.map((child) => [child.record.log, child.record.run.lastSequence])
  heads.sort(([one], [other]) => (one < other ? -1 : Number(one > other)))
  return Object.fromEntries([[record.log, record.workflow.lastSequence], ...heads])
}
