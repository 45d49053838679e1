/**
 * Owns the entries of a plan: one for each task with the child that stands for it, and, where inputs are still to
 * come, one for each child that may be needed. SPEC R2.
 */
import type { RunRecord } from '../entities.ts'
import type { PhaseTask } from '../workflow/tasks.ts'
import { partsChanged, workChanges } from './changes.ts'
import { blockedFate, fateOf, missingFate, replacedFate } from './fate.ts'
import type { Fate, Terms } from './fate.ts'
import type { OpenChild, PhaseLayout } from './layout.ts'
import type { Match } from './match.ts'
import type { PlanEntry, ResumeChild, ResumeWorld, WorkDone } from './plan.ts'
import { NOTHING, splitAt, workOf } from './work.ts'

export interface EntryContext {
  world: ResumeWorld
  terms: Terms
  /** What changed in the input, named. */
  input: readonly string[]
  /** Takes down a change of the work itself. */
  note(changes: readonly string[]): void
}

const TASK_SHOWN = 120

export function entriesOf(layout: PhaseLayout, context: EntryContext): readonly PlanEntry[] {
  const { work, phase } = layout
  switch (work.kind) {
    case 'known':
      return work.matches.map((match, index) => known(layout, match, index, context))
    case 'open':
      return [
        ...work.children.map((open) => opened(layout, open, work.waitsFor, context)),
        ...unbegun(layout, work.children, work.waitsFor, context),
      ]
    case 'impossible': {
      const fate = blockedFate('not-allowed', `It cannot begin: ${work.reason}.`, null)
      const agentId = phase.agentIds[0] ?? ''
      return [entry(layout, { agentId, number: 1, task: null, key: null, child: null }, fate, context)]
    }
  }
}

interface Subject {
  agentId: string
  number: number
  task: PhaseTask | null
  key: string | null
  child: ResumeChild | null
}

function known(layout: PhaseLayout, match: Match, index: number, context: EntryContext): PlanEntry {
  const { task, key } = match
  const child = match.child ?? match.replaces
  const subject = { agentId: task.agentId, number: task.index + 1, task, key, child }
  return entry(layout, subject, knownFate(layout, match, index, context), context)
}

function knownFate(
  { phase, granted }: PhaseLayout,
  { task, key, child, replaces }: Match,
  index: number,
  { world, terms, input, note }: EntryContext,
): Fate {
  const attempt = (child ?? replaces)?.record.run.attempt ?? null
  if (index >= granted) return capped(world, attempt)
  if (key === null) return agentMissing(task.agentId, attempt)
  if (child !== null) return fateOf(child, terms)
  if (replaces === null) return missingFate(world.policy, terms.agreed.has(newId(phase.name, index + 1)))
  const parts = partsChanged(replaces.record.run.contentKey, key)
  const changes = workChanges(parts, { phase: phase.name, agentId: task.agentId, input })
  // Another item is not a change of anything, it follows from one.
  note(changes.filter((_, at) => parts[at] !== 'item'))
  return replacedFate(replaces, changes.join(', ') || 'it was recorded without its inputs', terms)
}

function opened(
  layout: PhaseLayout,
  { child, keyNow }: OpenChild,
  waitsFor: readonly string[],
  context: EntryContext,
): PlanEntry {
  const { phase } = layout
  const { run } = child.record
  const agentId = run.agentId ?? ''
  const { terms, input, note } = context
  const subject = { agentId, number: 0, task: null, key: null, child }
  const fateNow = (): Fate => {
    if (keyNow === null) return agentMissing(agentId, run.attempt)
    const parts = partsChanged(run.contentKey, keyNow).filter(
      (part) => part !== 'item' && part !== 'upstream',
    )
    const changes = workChanges(parts, { phase: phase.name, agentId, input })
    note(changes)
    const fate = changes.length > 0 ? replacedFate(child, changes.join(', '), terms) : fateOf(child, terms)
    return fate.action === 'reuse' || fate.action === 'relaunch' ? later(fate, run.attempt, waitsFor) : fate
  }
  return entry(layout, subject, fateNow(), context)
}

/** Work of an open phase that nobody began; how many items there will be is not known. */
function unbegun(
  layout: PhaseLayout,
  children: readonly OpenChild[],
  waitsFor: readonly string[],
  context: EntryContext,
): readonly PlanEntry[] {
  const { phase, granted } = layout
  const { world, terms } = context
  const begun = new Map<string, number>()
  for (const { child } of children) {
    const agentId = child.record.run.agentId ?? ''
    begun.set(agentId, (begun.get(agentId) ?? 0) + 1)
  }
  return phase.agentIds.flatMap((agentId, index) => {
    const left = begun.get(agentId) ?? 0
    begun.set(agentId, left - 1)
    const subject = { agentId, number: index + 1, task: null, key: null, child: null }
    const fate = (): Fate => {
      if (world.agent(agentId) === null) return agentMissing(agentId, null)
      if (phase.forEach === undefined && index >= granted) return capped(world, null)
      const fate = missingFate(world.policy, terms.agreed.has(newId(phase.name, index + 1)))
      if (fate.action !== 'relaunch') return fate
      const message =
        phase.forEach === undefined
          ? `It begins when ${quoted(waitsFor)} ${areOrIs(waitsFor)} done.`
          : `How many there are to do is known when ${quoted(waitsFor)} ${areOrIs(waitsFor)} done.`
      return { ...fate, action: 'await', reason: 'upstream', message }
    }
    const found = fate()
    // More items than before may come; that is worth a word only when they would not be begun.
    const isCovered = left > 0 && (phase.forEach === undefined || found.action === 'await')
    return isCovered ? [] : [entry(layout, subject, found, context)]
  })
}

/** What becomes of it is only settled by what comes before. */
function later(fate: Fate, attempt: number, waitsFor: readonly string[]): Fate {
  const names = quoted(waitsFor)
  const same = `if ${names} ${waitsFor.length > 1 ? 'come' : 'comes'} out the same`
  const messages: Partial<Record<Fate['reason'], string>> = {
    completed: `It is finished; its result is used ${same}.`,
    orphan: `It is finished, though its workflow never took note; its result is used ${same}.`,
    changed: `${fate.message} That begins when ${names} ${areOrIs(waitsFor)} done.`,
  }
  const message =
    messages[fate.reason] ??
    `It becomes attempt ${attempt + 1} ${same}, and is replaced by a new run otherwise.`
  return { ...fate, action: 'await', reason: 'upstream', message, attempt, canAgree: false }
}

const areOrIs = (names: readonly string[]): string => (names.length > 1 ? 'are' : 'is')
const quoted = (names: readonly string[]): string => names.map((name) => `“${name}”`).join(', ')

const capped = ({ definition }: ResumeWorld, attempt: number | null): Fate =>
  blockedFate('capped', `The cap of ${definition.maxChildren} children is reached.`, attempt)

const agentMissing = (agentId: string, attempt: number | null): Fate =>
  blockedFate('agent-missing', `Its agent “${agentId}” does not exist here.`, attempt)

/** Id of an entry about work that was never begun. */
const newId = (phase: string, number: number): string => `new:${phase}:${number}`

function entry(
  { phase }: PhaseLayout,
  { agentId, number, task, key, child }: Subject,
  fate: Fate,
  { world }: EntryContext,
): PlanEntry {
  const run = child?.record.run ?? null
  return {
    id: run?.id ?? newId(phase.name, number),
    runId: run?.id ?? null,
    contentKey: key,
    phase: phase.name,
    agentId,
    agentName: world.agent(agentId)?.name ?? run?.agentName ?? agentId,
    task: shown(run?.prompt?.preview ?? itemText(task) ?? (phase.description || phase.name)),
    ...fate,
    ...worth(child, fate),
  }
}

/** What an entry saves and what it puts at risk. */
function worth(child: ResumeChild | null, fate: Fate): { saved: WorkDone; atRisk: WorkDone } {
  if (child === null || fate.reason === 'live') return { saved: NOTHING, atRisk: NOTHING }
  const record: RunRecord = child.record
  if (fate.action === 'reuse') return { saved: workOf(record), atRisk: NOTHING }
  if (!fate.fromCheckpoint || child.checkpoint.kind !== 'usable')
    return { saved: NOTHING, atRisk: fate.reason === 'question' ? NOTHING : workOf(record) }
  const { kept, rest } = splitAt(record, child.checkpoint.calls)
  return { saved: kept, atRisk: rest }
}

function itemText(task: PhaseTask | null): string | null {
  if (task === null || task.item === null) return null
  return typeof task.item === 'string' ? task.item : JSON.stringify(task.item)
}

function shown(text: string): string {
  const [first = ''] = text.trim().split('\n')
  return first.length > TASK_SHOWN ? `${first.slice(0, TASK_SHOWN)}…` : first
}
