/**
 * Owns turning a plan into what an orchestrator is sent, and finding again what a single child was given. SPEC R1, R3.
 */
import type { Json, Text } from '../entities.ts'
import { fateOf, termsOf } from './fate.ts'
import type { Terms } from './fate.ts'
import { layOut, whyUnusable } from './layout.ts'
import type { Layout, PhaseLayout } from './layout.ts'
import type { Match } from './match.ts'
import type { ChildOrder, HeldWork, KnownChild, ResumeOrder } from './order.ts'
import type { PlanEntry, ResumeChild, ResumePlan, ResumeWorld } from './plan.ts'

/** The plan as its orchestrator carries it out; `world`: what it was made from. */
export function orderOf(plan: ResumePlan, world: ResumeWorld): ResumeOrder {
  const byId = new Map(world.children.map((child) => [child.record.run.id, child]))
  const terms = termsOf(world)
  const childOf = ({ runId }: PlanEntry): ResumeChild | null =>
    runId === null ? null : (byId.get(runId) ?? null)
  return {
    definition: plan.definition,
    input: plan.input,
    parentThreadId: world.record.workflow.parentThreadId,
    attempt: plan.attempt,
    children: plan.entries.flatMap((entry) => knownChild(entry, childOf(entry), terms)),
    held: plan.entries.flatMap(heldBy),
    plan: plan.entries as unknown as Json,
  }
}

function knownChild(entry: PlanEntry, child: ResumeChild | null, terms: Terms): readonly KnownChild[] {
  const { id, phase, agentId, message, action, reason } = entry
  // What is still to come has no key of now: the child is found if it turns out to be the one it had.
  const contentKey = entry.contentKey ?? child?.record.run.contentKey ?? null
  if (contentKey === null) return []
  const leave = (why: string): KnownChild['action'] => ({ kind: 'leave', reason: why })
  if (child === null) {
    const isHeld = action === 'blocked'
    return isHeld ? [{ runId: id, contentKey, phase, agentId, attempt: 1, action: leave(message) }] : []
  }
  const { run } = child.record
  const known = { runId: run.id, contentKey, phase, agentId, attempt: run.attempt }
  if (action === 'blocked') return [{ ...known, action: leave(message) }]
  if (reason === 'changed') {
    // Under the key it had, which no task has: so that the new run knows what it replays.
    const former = run.contentKey
    return former === null ? [] : [{ ...known, contentKey: former, action: leave(message) }]
  }
  return [{ ...known, action: actionFor(child, terms) }]
}

/** What is to be done with a child when a task turns out to be its work. */
function actionFor(child: ResumeChild, terms: Terms): KnownChild['action'] {
  const { record, evidence, checkpoint } = child
  const { run } = record
  const { action, message } = fateOf(child, terms)
  const state = checkpoint.kind === 'usable' && run.checkpoint !== null ? lean(run.checkpoint.state) : null
  if (action === 'reuse' && run.result !== null) {
    const output = run.output === null ? null : lean(run.output)
    const isOrphan = !terms.isLinked(run.id)
    return { kind: 'reuse', result: lean(run.result), output, summary: run.summary ?? '', isOrphan }
  }
  if (action === 'relaunch') return { kind: 'relaunch', checkpoint: state }
  if (action === 'await' && evidence.kind === 'live') return { kind: 'adopt' }
  if (action === 'await' && state !== null) return { kind: 'continue', checkpoint: state }
  return { kind: 'leave', reason: message }
}

/** Work that may not be begun though no key can name it yet; also when what may have happened is not known. */
function heldBy(entry: PlanEntry): readonly HeldWork[] {
  const { action, reason, contentKey, phase, agentId, message, runId } = entry
  if (action !== 'blocked' || contentKey !== null) return []
  const isUnbegun = runId === null && (reason === 'asks' || reason === 'not-allowed')
  const isUnclear = reason === 'unknown-outcome' || reason === 'owner-unreachable'
  return isUnbegun || isUnclear ? [{ phase, agentId, reason: message }] : []
}

/** Without the preview where the whole text is kept. */
const lean = ({ preview, chars, ref }: Text): Text => ({ preview: ref === null ? preview : '', chars, ref })

export type ChildOrderOutcome = { ok: true; order: ChildOrder } | { ok: false; reason: string }

/**
 * What a single child is to be given to go on alone. `reason`: why that cannot be told, as a sentence. `world.input`
 * and `world.definition` are those it was run with.
 */
export function childOrderOf(
  world: ResumeWorld,
  runId: string,
  { mode, followUps = [] }: { mode: ChildOrder['mode']; followUps?: readonly string[] },
): ChildOrderOutcome {
  const no = (reason: string): ChildOrderOutcome => ({ ok: false, reason })
  const child = world.children.find(({ record }) => record.run.id === runId)
  if (child === undefined) return no(`There is no run ${runId} in this workflow.`)
  const { run } = child.record
  const { contentKey, agentId, attempt } = run
  if (contentKey === null || agentId === null) return no('It was recorded without what it was given.')
  if (world.agent(agentId) === null) return no(`Its agent “${agentId}” does not exist here.`)
  if (mode === 'continue' && child.checkpoint.kind !== 'usable') {
    return no(child.checkpoint.kind === 'unusable' ? child.checkpoint.why : 'It kept no checkpoint.')
  }
  const unusable = whyUnusable(world.definition)
  if (unusable !== null) return no(unusable)
  const found = placeOf(world, contentKey)
  if (typeof found === 'string') return no(found)
  const { match, upstream } = found
  // Other words at the beginning make the agent ask for other things: then nothing it was told fits.
  const goesOn = child.checkpoint.kind === 'usable' && run.checkpoint !== null && followUps.length === 0
  const order: ChildOrder = {
    workflowRunId: world.record.workflow.id,
    phase: match.task.phase,
    agentId,
    contentKey,
    parentThreadId: run.parentThreadId ?? world.record.workflow.parentThreadId,
    index: match.task.index,
    item: match.task.item,
    input: world.input,
    upstream,
    attempt,
    mode,
    checkpoint: goesOn && run.checkpoint !== null ? lean(run.checkpoint.state) : null,
    followUps,
  }
  return { ok: true, order }
}

/** The task of that key and the results before it, or why there is none. */
function placeOf(
  world: ResumeWorld,
  contentKey: string,
): { match: Match; upstream: ChildOrder['upstream'] } | string {
  // What was run is what counts here: neither a cap nor a policy takes a result back.
  const uncapped = { ...world, definition: { ...world.definition, maxChildren: Number.MAX_SAFE_INTEGER } }
  const layout = layOut(uncapped, ({ record }) => record.run.status === 'completed')
  const open: string[] = []
  for (const phase of layout.phases) {
    const { work } = phase
    if (work.kind === 'open') open.push(...work.waitsFor)
    const match = work.kind === 'known' ? work.matches.find(({ key }) => key === contentKey) : undefined
    if (match !== undefined) return { match, upstream: upstreamIn(phase, layout) }
  }
  const [missing] = open
  return missing === undefined
    ? 'Its work is another now: only its workflow can go on with it.'
    : `What it was given cannot be told any more: “${missing}” has no whole result.`
}

const upstreamIn = ({ upstream }: PhaseLayout, { results }: Layout): ChildOrder['upstream'] =>
  upstream.map(({ name }) => ({
    phase: name,
    results: (results.get(name) ?? []).flatMap(({ child, runId, agentId }) => {
      const { result } = child.record.run
      return result === null ? [] : [{ runId, agentId, result: lean(result) }]
    }),
  }))
