/**
 * Owns what can happen in the resume model's world: what people ask for, what pages and owners suffer.
 */
import fc from 'fast-check'
import type { CommandVerb } from '../../src/core/commands.ts'
import type { Json, LogRecord } from '../../src/core/entities.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { ResumePlan } from '../../src/core/resume/plan.ts'
import type { Permission, ResumePolicy } from '../../src/core/resume/policy.ts'
import { isSettled } from '../../src/core/status.ts'
import { valuesOf } from '../../src/state/table.ts'
import { dyingAt } from '../ledger/support/crash.ts'
import type { CrashPoint } from '../ledger/support/crash.ts'
import { DEFINITION } from './resumeHost.ts'
import type { ResumeWorld, Tab } from './resumeWorld.ts'

const which = fc.nat(20)
const amount = fc.integer({ min: 0, max: 60 })
const permission = fc.oneof(
  fc.constantFrom<Permission>('never', 'always', 'ask'),
  fc.record({ upTo: fc.integer({ min: 1, max: 3 }) }),
)
const policy: fc.Arbitrary<ResumePolicy> = fc.record({
  failed: permission,
  missing: permission,
  interrupted: permission,
  orphan: permission,
  unknown: fc.constantFrom<Permission>('never', 'ask'),
})
const crash: fc.Arbitrary<CrashPoint | null> = fc.oneof(
  fc.constant(null),
  fc.record({ at: fc.constant('put' as const), nth: fc.integer({ min: 1, max: 12 }) }),
  fc.constant({ at: 'commit' as const }),
)
const VERBS: readonly CommandVerb[] = ['stop', 'pause', 'resume', 'retry', 'follow_up']
const op = <Name extends string, Rest extends object = object>(
  name: Name,
  rest: { [Key in keyof Rest]: fc.Arbitrary<Rest[Key]> } = {} as {
    [Key in keyof Rest]: fc.Arbitrary<Rest[Key]>
  },
): fc.Arbitrary<{ op: Name } & Rest> =>
  fc
    .tuple(fc.constant({ op: name }), fc.record(rest))
    .map(([named, others]) => ({ ...named, ...(others as Rest) }))

export const ops = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: op('start', { which }) },
    { weight: 5, arbitrary: op('command', { which, target: which, verb: fc.constantFrom(...VERBS) }) },
    {
      weight: 5,
      arbitrary: op('answer', {
        which,
        target: which,
        how: fc.constantFrom('right', 'wrong', 'twice', 'late'),
      }),
    },
    { weight: 4, arbitrary: op('resume', { which, target: which, policy, agrees: fc.boolean(), amount }) },
    { weight: 4, arbitrary: op('turns', { amount }) },
    { weight: 3, arbitrary: op('rest') },
    { weight: 4, arbitrary: op('die', { which, amount, crash }) },
    { weight: 2, arbitrary: op('die writing', { which }) },
    { weight: 1, arbitrary: op('lose owner', { which }) },
    { weight: 2, arbitrary: op('stall', { which, stalled: fc.boolean() }) },
    { weight: 1, arbitrary: op('repeat', { which, amount }) },
    { weight: 2, arbitrary: op('late', { which }) },
    { weight: 1, arbitrary: op('tab') },
    { weight: 1, arbitrary: op('reconcile', { which }) },
    { weight: 1, arbitrary: op('damage', { target: which, what: fc.constantFrom('result', 'checkpoint') }) },
  ),
  { minLength: 1, maxLength: 24 },
)
export type Op = typeof ops extends fc.Arbitrary<(infer Each)[]> ? Each : never

/** Does it; tells whether everything has come to rest, so that laws can be looked at. */
export async function happen(world: ResumeWorld, each: Op): Promise<boolean> {
  const tab = await tabOf(world, 'which' in each ? each.which : 0)
  switch (each.op) {
    case 'start':
      start(world, tab)
      return false
    case 'command':
      command(world, tab, each.target, each.verb)
      return false
    case 'answer':
      answer(world, tab, each.target, each.how)
      return false
    case 'resume':
      await resume(world, tab, each)
      return false
    case 'turns':
      await world.turns(each.amount)
      return false
    case 'rest':
      await world.settle()
      return true
    case 'die':
      await die(world, tab, each.amount, each.crash)
      return false
    case 'die writing':
      await untilWriting(world)
      tab.die()
      return false
    case 'lose owner':
      world.loseOwner(tab)
      return false
    case 'stall':
      tab.line.stall(each.stalled)
      return false
    case 'repeat':
      tab.line.repeat(each.amount)
      return false
    case 'late':
      await world.settle()
      await world.hearLate(tab)
      await world.settle()
      return true
    case 'tab':
      if (world.tabs.length < 2) await world.open()
      return false
    case 'reconcile':
      world.ask(tab, 'reconcile', () => tab.ledger.reconcile())
      return false
    case 'damage':
      await damage(world, each.target, each.what)
      return true
  }
}

export async function tabOf(world: ResumeWorld, index: number): Promise<Tab> {
  return pick(world.tabs, index) ?? world.open()
}

const pick = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % items.length]

export function start(world: ResumeWorld, tab: Tab): void {
  const payload = { definition: DEFINITION, input: 'question', parentThreadId: 'thread' } as unknown as Json
  world.ask(tab, 'start', () => tab.ledger.start(payload))
}

export const shown = (tab: Tab): readonly LogRecord[] =>
  valuesOf(tab.state().runs.records).toSorted((one, other) => (one.log < other.log ? -1 : 1))

function command(world: ResumeWorld, tab: Tab, target: number, verb: CommandVerb): void {
  // Now and then a run that nobody knows; what only a run at work can be asked for, mostly of one.
  const isAboutWork = (verb === 'pause' || verb === 'stop') && target % 3 > 0
  const known = shown(tab).filter((record) => !isAboutWork || !isSettled(lifecycleOf(record).status))
  const logs: readonly LogId[] = [...known.map(({ log }) => log), 'r:nobody']
  const log = pick(logs, target) ?? 'r:nobody'
  const payload = verb === 'follow_up' ? { message: 'And then?' } : null
  world.ask(tab, verb, () => tab.ledger.send({ log, verb, payload }))
}

function answer(world: ResumeWorld, tab: Tab, target: number, how: string): void {
  const asked = shown(tab).flatMap((record) =>
    record.entity === 'run' ? record.questions.map((question) => ({ log: record.log, question })) : [],
  )
  const found = pick(
    asked.filter(({ question }) => (question.state === 'open') === (how !== 'late')),
    target,
  )
  if (found === undefined) return
  const payload = { questionId: found.question.questionId, answer: how === 'wrong' ? 'neither' : 'this' }
  const say = (): void =>
    world.ask(tab, 'answer', () => tab.ledger.send({ log: found.log, verb: 'answer', payload }))
  say()
  if (how === 'twice') say()
}

interface Resume {
  target: number
  policy: ResumePolicy
  agrees: boolean
  amount: number
}

/** A plan, perhaps what a person agrees to, some time to change, and the order. */
async function resume(world: ResumeWorld, tab: Tab, { target, agrees, amount: after, ...rest }: Resume) {
  const workflows = shown(tab).flatMap((record) => (record.entity === 'workflow' ? [record.workflow.id] : []))
  const id = pick(workflows, target)
  if (id === undefined) return
  world.ask(tab, 'resume', async () => {
    const first = await tab.ledger.planResume(id, { policy: rest.policy })
    const agreed = agrees ? agreeable(first) : []
    for (const each of agreed) world.agreed.add(each)
    const plan =
      agreed.length === 0 ? first : await tab.ledger.planResume(id, { policy: rest.policy, agreed })
    world.plans.push(plan)
    await world.turns(after)
    if (plan.refusal === null) await tab.ledger.resumeWorkflow(plan)
  })
  await world.turns(after)
}

export const agreeable = (plan: ResumePlan): readonly string[] =>
  plan.entries.filter(({ canAgree }) => canAgree).map(({ id }) => id)

/** The page is gone: in the middle of a write, or wherever it happens to be. */
async function die(world: ResumeWorld, tab: Tab, after: number, at: CrashPoint | null): Promise<void> {
  // What stops a write stops every page's.
  if (at === null || world.tabs.length > 1) await world.turns(after)
  else {
    world.isDying = true
    await dyingAt(at, () => world.turns(after))
    world.isDying = false
  }
  tab.die()
}

/** Somebody is in the middle of a call that changes something; or nobody is, for a while. */
async function untilWriting(world: ResumeWorld): Promise<void> {
  for (let step = 0; step < 30 && !world.host.isWriting(); step += 1) await world.pass(50)
}

async function damage(world: ResumeWorld, target: number, what: 'result' | 'checkpoint'): Promise<void> {
  await world.settle()
  const kept = (await world.runs()).flatMap(({ run }) => {
    const text = what === 'result' ? run.result : (run.checkpoint?.state ?? null)
    return text === null || text.ref === null ? [] : [{ id: run.id, ref: text.ref }]
  })
  const found = pick(kept, target)
  if (found !== undefined)
    await world.damage(found.id, found.ref, what === 'result' ? null : '{"checkpoint":1')
}
