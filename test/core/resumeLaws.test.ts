/** Laws of plans and orders over worlds of all kinds, judged by an oracle that knows the work, not the keys. SPEC R1–R3. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { KnownChild } from '../../src/core/resume/order.ts'
import type { PlanEntry, ResumeChild, ResumeWorld } from '../../src/core/resume/plan.ts'
import { orderOf, planResume } from '../../src/core/resume/planner.ts'
import type { Permission, ResumePolicy } from '../../src/core/resume/policy.ts'
import { property } from '../support/property.ts'
import { childOf, deepFreeze, idOf, slotsOf, WORKFLOW, worldOf } from './support/resumeWorld.ts'
import type { ChildSpec, Slot } from './support/resumeWorld.ts'

const SLOTS = slotsOf()
const FEW = 60
/** What an orchestrator with another question would have given the same tasks. */
const OTHERS = slotsOf(undefined, { question: 'Who?' })
const of = <const Value>(...values: Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values)

interface Made {
  slot: number
  isCurrent: boolean
  isLinked: boolean
  spec: ChildSpec
}

const spec: fc.Arbitrary<ChildSpec> = fc
  .record({
    status: of(
      'completed',
      'completed',
      'completed',
      'failed',
      'interrupted',
      'cancelled',
      'running',
      'awaiting_user',
      'paused',
    ),
    inferred: fc.boolean(),
    attempt: fc.integer({ min: 1, max: 6 }),
    isFound: fc.boolean(),
    checkpoint: of(
      { kind: 'none' },
      { kind: 'usable', calls: 2 },
      { kind: 'unusable', why: 'It is damaged.' },
    ),
    evidence: of(
      { kind: 'gone', exitCode: null },
      { kind: 'gone', exitCode: null },
      { kind: 'live' },
      { kind: 'unknown' },
    ),
    dangling: of([], [], ['send']),
  })
  .map(({ isFound, ...rest }): ChildSpec => {
    const isLost = rest.status === 'completed' && !isFound && rest.attempt > 4
    return isLost ? { ...rest, result: { kind: 'missing' } } : rest
  })

const made: fc.Arbitrary<Made> = fc.record({
  slot: fc.nat(SLOTS.length - 1),
  isCurrent: fc.boolean(),
  isLinked: fc.oneof(
    { weight: 4, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  spec,
})
const permission = of<Permission>('never', 'always', 'ask', { upTo: 2 }, { upTo: 4 })
const policy: fc.Arbitrary<ResumePolicy> = fc.record({
  failed: permission,
  missing: of<Permission>('always', 'always', 'ask', 'never'),
  interrupted: permission,
  orphan: of<Permission>('always', 'always', 'ask', 'never'),
  unknown: permission,
})

interface Sample {
  world: ResumeWorld
  current: ReadonlySet<string>
  shuffled: ResumeWorld
}

const slotAt = (slots: readonly Slot[], index: number): Slot => {
  const slot = slots[index]
  if (slot === undefined) throw new Error(`no slot ${index}`)
  return slot
}

/** Nearly always something is finished, so that later phases are reached. */
const sample: fc.Arbitrary<Sample> = fc
  .record({
    done: fc.subarray(SLOTS.map((_, index) => index)),
    more: fc.array(made, { maxLength: 8 }),
    policy,
    agreedOf: fc.array(fc.nat(20), { maxLength: 3 }),
    order: fc.integer(),
  })
  .map(({ done, more, policy, agreedOf, order }) => {
    const finished: Made[] = done.map((slot) => ({ slot, isCurrent: true, isLinked: true, spec: {} }))
    const all = [...finished, ...more].map((each, index) => {
      const slot = slotAt(each.isCurrent ? SLOTS : OTHERS, each.slot)
      const isFirst = index < finished.length
      const id = isFirst ? idOf(slot) : `${WORKFLOW}.${slot.phase}.${index + 2}-${slot.index + 1}`
      return { ...each, id, child: childOf(slot, { ...each.spec, id }) }
    })
    const agreed = agreedOf.flatMap((at) => all[at]?.id ?? [])
    const base = worldOf(
      all.map(({ child }) => child),
      { policy, agreed },
    )
    const childRunIds = all.flatMap(({ isLinked, id }) => (isLinked ? [id] : []))
    const record = { ...base.record, workflow: { ...base.record.workflow, childRunIds } }
    const world = { ...base, record }
    const children = world.children.toSorted((a, b) => mixed(a, order) - mixed(b, order))
    const current = new Set(all.flatMap(({ isCurrent, id }) => (isCurrent ? [id] : [])))
    return { world, current, shuffled: { ...world, children } }
  })

const mixed = ({ record }: ResumeChild, by: number): number =>
  [...record.run.id].reduce((sum, sign) => Math.imul(sum ^ (sign.codePointAt(0) ?? 0), 0x5bd1e995), by)

const childrenOf = ({ children }: ResumeWorld): ReadonlyMap<string, ResumeChild> =>
  new Map(children.map((child) => [child.record.run.id, child]))

const isPaid = (child: ResumeChild | undefined): boolean =>
  child?.record.run.status === 'completed' && child.result.kind === 'found'

property(
  'R1: a finished child of unchanged work is never done again',
  sample,
  ({ world, current }) => {
    const children = childrenOf(world)
    const plan = planResume(world)
    for (const { runId, action } of plan.entries) {
      if (runId === null || !current.has(runId) || !isPaid(children.get(runId))) continue
      expect(action).not.toBe('relaunch')
    }
    for (const { runId, action } of orderOf(plan, world).children) {
      if (current.has(runId) && isPaid(children.get(runId))) expect(['reuse', 'leave']).toContain(action.kind)
    }
  },
  FEW,
)

property(
  'R1: as much finished work is used as there is',
  sample,
  ({ world, current }) => {
    const children = childrenOf(world)
    const linked = new Set(world.record.workflow.childRunIds)
    const plan = planResume(world)
    // By the work, counted: the oracle knows which run did what and asks no key.
    const paid = (phase: string, items: readonly unknown[]): number =>
      [...children.values()].filter(
        (child) =>
          isPaid(child) &&
          current.has(child.record.run.id) &&
          (linked.has(child.record.run.id) ||
            world.policy.orphan === 'always' ||
            world.agreed.includes(child.record.run.id)) &&
          child.record.run.phase === phase &&
          items.includes((child.result as { value: { about?: unknown } }).value.about),
      ).length
    const reused = (phase: string): number =>
      plan.entries.filter((entry) => entry.phase === phase && entry.action === 'reuse').length
    const hasPlan = [...children.values()].some(
      (child) =>
        child.record.run.phase === 'plan' &&
        isPaid(child) &&
        current.has(child.record.run.id) &&
        (linked.has(child.record.run.id) ||
          world.policy.orphan === 'always' ||
          world.agreed.includes(child.record.run.id)),
    )
    expect(reused('plan')).toBe(hasPlan ? 1 : 0)
    expect(reused('research')).toBe(
      hasPlan ? Math.min(1, paid('research', ['a'])) + Math.min(2, paid('research', ['b'])) : 0,
    )
    if (reused('research') < 3) expect(reused('report')).toBe(0)
  },
  FEW,
)

property(
  'R2: planning is pure, total, and does not ask in which order children are told',
  sample,
  ({ world, shuffled }) => {
    const plan = planResume(deepFreeze(world))
    expect(planResume(world)).toEqual(plan)
    expect(planResume(deepFreeze(shuffled))).toEqual(plan)
    expect(orderOf(planResume(shuffled), shuffled)).toEqual(orderOf(plan, world))
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  },
)

property(
  'R2: every task has one entry, and every child that may be of use',
  sample,
  ({ world, current }) => {
    const plan = planResume(world)
    const { entries } = plan
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length)
    const inPhase = (phase: string): readonly PlanEntry[] => entries.filter((entry) => entry.phase === phase)
    const isWhole = (phase: string): boolean => inPhase(phase).every(({ action }) => action === 'reuse')
    const told = new Set(entries.map(({ runId }) => runId))
    expect(inPhase('plan')).toHaveLength(1)
    if (isWhole('plan')) expect(inPhase('research')).toHaveLength(3)
    if (isWhole('plan') && isWhole('research')) expect(inPhase('report')).toHaveLength(2)
    for (const { record } of world.children) {
      const { id, phase, agentId } = record.run
      const isOpen =
        phase === 'research'
          ? !isWhole('plan')
          : phase === 'report' && !(isWhole('plan') && isWhole('research'))
      if (isOpen) expect(told.has(id)).toBe(true)
      // Current work is passed over only for others that do the same.
      if (!isOpen && current.has(id) && !told.has(id)) {
        const same = inPhase(phase ?? '').filter((entry) => entry.agentId === agentId && entry.runId !== null)
        expect(same.length).toBeGreaterThan(0)
      }
    }
    for (const { message } of entries) expect(message).toMatch(/^\S.*[^.]\.$/su)
    expect(Object.keys(plan.heads)).toHaveLength(world.children.length + 1)
    if (plan.isSafe) expect(entries.some(({ action }) => action === 'blocked')).toBe(false)
  },
  FEW,
)

property(
  'R3: an unknown outcome is done again only by the policy or a person’s word',
  sample,
  ({ world }) => {
    const plan = planResume(world)
    const { unknown } = world.policy
    const isUnclear = (runId: string | null): boolean => {
      const child = world.children.find(({ record }) => record.run.id === runId)
      if (child === undefined || child.dangling.length === 0 || world.agreed.includes(runId ?? ''))
        return false
      const { status, attempt } = child.record.run
      const isAllowed = unknown === 'always' || (typeof unknown === 'object' && attempt + 1 <= unknown.upTo)
      return status !== 'completed' && !isAllowed
    }
    for (const { runId, action, reason } of plan.entries) {
      if (!isUnclear(runId) || reason === 'live' || reason === 'agent-missing') continue
      const isLive = world.children.some(
        ({ record, evidence }) => record.run.id === runId && evidence.kind === 'live',
      )
      if (!(isLive && reason === 'question')) expect(action).toBe('blocked')
    }
    for (const { runId, action } of orderOf(plan, world).children) {
      if (isUnclear(runId)) expect(['leave', 'adopt']).toContain(action.kind)
    }
  },
)

property(
  'caps count attempts over all resumes',
  sample,
  ({ world }) => {
    const children = childrenOf(world)
    for (const { runId, reason, attempt } of planResume(world).entries) {
      const child = children.get(runId ?? '')
      if ((reason !== 'failed' && reason !== 'interrupted') || child === undefined) continue
      expect(attempt).toBe(child.record.run.attempt + 1)
      const byStatus = reason === 'failed' ? world.policy.failed : world.policy.interrupted
      const allowed = child.dangling.length > 0 ? world.policy.unknown : byStatus
      expect(allowed === 'always' || (typeof allowed === 'object' && (attempt ?? 0) <= allowed.upTo)).toBe(
        true,
      )
    }
  },
  FEW,
)

property(
  'an order is the plan: tasks find by their keys what the entries say',
  sample,
  ({ world }) => {
    const plan = planResume(world)
    const order = orderOf(plan, world)
    const keys = new Set(plan.entries.flatMap(({ contentKey }) => contentKey ?? []))
    for (const key of keys) {
      const entries = plan.entries.filter(({ contentKey }) => contentKey === key)
      const found = order.children.filter(({ contentKey }) => contentKey === key)
      // Equal keys are equal work: who of them gets which run does not matter, how often does.
      expect(found.map(said).toSorted()).toEqual(entries.flatMap(meant).toSorted())
      for (const { runId, attempt, action } of found) {
        const entry = entries.find((each) => each.runId === runId)
        if (action.kind === 'relaunch') expect(entry?.attempt).toBe(attempt + 1)
      }
    }
  },
  FEW,
)

const said = ({ action }: KnownChild): string =>
  action.kind === 'adopt' || action.kind === 'continue' ? 'await' : action.kind

/** What a task of the entry is to meet; nothing for a run that is still to be. */
function meant({ action, reason }: PlanEntry): readonly string[] {
  if (reason === 'missing' || reason === 'changed') return []
  return [action === 'blocked' ? 'leave' : action]
}
