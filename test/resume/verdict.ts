/** Owns the verdict over one trial: everything that is not as in an undisturbed run, a sentence each. SPEC R1, R3, O1. */
import type { RunEvent } from '../../src/index.ts'
import type { Permission } from '../../src/core/resume/policy.ts'
import type { Call, Host } from './host.ts'
import { ANSWER, CHILDREN, ITEMS, REPORT } from './page/definition.ts'
import type { StoredChild, StoredWorkflow } from './page/protocol.ts'
import type { TrialEnd } from './trial.ts'
import type { TrialPlan } from './trials.ts'

/** Calls a child of each agent makes, each once. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  planner: ['outline'],
  researcher: ['search', 'nonce'],
  checker: ['verify'],
  arbiter: ['compare', 'settle'],
  reporter: ['compose', 'publish'],
}

/** The one call that changes something outside. */
const WRITE = 'publish'

/** Empty when all is as it should be. */
export function judge(host: Host, plan: TrialPlan, { hits, seen, stored }: TrialEnd): readonly string[] {
  const calls = host.calls(`${plan.id}.`)
  return [
    ...seen.faults,
    ...judgeOutcome(stored),
    ...judgeNonces(stored, calls),
    ...judgeKept(stored, calls, seen.kept),
    ...stored.children.flatMap((child) => judgeCalls(child, calls, seen.agreed)),
    ...judgeCommands(stored, plan.id, { sent: seen.sent, deaths: hits.length }),
    ...judgePolicy(seen),
  ]
}

function judgeOutcome({ status, report, children }: StoredWorkflow): string[] {
  const faults: string[] = []
  if (status !== 'completed') faults.push(`The workflow run is ${status}.`)
  if (report !== REPORT) faults.push(`The report is another: ${report}`)
  if (children.length !== CHILDREN) faults.push(`There are ${children.length} children, not ${CHILDREN}.`)
  const unfinished = children.filter((child) => child.status !== 'completed' || child.result === null)
  return [...faults, ...unfinished.map(({ id, status }) => `${id} is ${status} in the end.`)]
}

/** The report was made from the nonces the researchers have, and the host gave those to just them. */
function judgeNonces({ children }: StoredWorkflow, calls: readonly Call[]): string[] {
  const given = new Map(calls.map(({ nonce, run }) => [nonce, run]))
  const found = children.filter(({ agentId }) => agentId === 'researcher')
  const byItem = new Map(
    found.map(({ id, result }) => {
      const { item, nonce } = JSON.parse(result ?? '{}') as { item?: string; nonce?: string }
      return [item, { id, nonce }]
    }),
  )
  const reporter = children.find(({ agentId }) => agentId === 'reporter')
  const { nonces = [] } = JSON.parse(reporter?.result ?? '{}') as { nonces?: string[] }
  return ITEMS.flatMap((item, index) => {
    const own = byItem.get(item)
    if (own?.nonce === undefined) return [`Nobody has a nonce for ${item}.`]
    if (given.get(own.nonce) !== own.id) return [`${own.id} has a nonce that was given to another.`]
    return nonces[index] === own.nonce
      ? []
      : [`The report has another nonce for ${item} than its researcher.`]
  })
}

/** R1: what was finished once stays as it is, and is never done again. */
function judgeKept(
  { children }: StoredWorkflow,
  calls: readonly Call[],
  kept: TrialEnd['seen']['kept'],
): string[] {
  const now = new Map(children.map((child) => [child.id, child]))
  return kept.flatMap((before) => {
    const made = calls.filter(({ run }) => run === before.run).length
    const faults: string[] = []
    if (now.get(before.run)?.result !== before.result) faults.push(`${before.run} has lost its first result.`)
    if (made !== before.calls)
      faults.push(`${before.run} was finished and made ${made - before.calls} calls more.`)
    return faults
  })
}

/**
 * Each step at least once; in one life of the page at most once, not counting those that failed; and what writes
 * once in all, unless a person agreed to more.
 */
function judgeCalls(
  { id, agentId }: StoredChild,
  all: readonly Call[],
  agreed: ReadonlySet<string>,
): string[] {
  const calls = all.filter(({ run, failed }) => run === id && !failed)
  const lives = [...new Set(calls.map(({ life }) => life))]
  return (STEPS[agentId ?? ''] ?? []).flatMap((step) => {
    const made = calls.filter((call) => call.step === step)
    if (made.length === 0) return [`${id} is finished and never made its call ${step}.`]
    const isDoubled = lives.some((life) => made.filter((call) => call.life === life).length > 1)
    const faults = isDoubled ? [`${id} made its call ${step} more than once in one life.`] : []
    const isUnasked = step === WRITE && made.length > 1 && !agreed.has(id)
    return isUnasked ? [...faults, `${id} wrote ${made.length} times, and nobody agreed.`] : faults
  })
}

const countOf = (events: readonly RunEvent[], type: string, where: (event: RunEvent) => boolean): number =>
  events.filter((event) => event.type === type && where(event)).length

/** O1: what the page was told of is there, and each command took effect at most once. */
function judgeCommands(
  stored: StoredWorkflow,
  id: string,
  { sent, deaths }: { sent: TrialEnd['seen']['sent']; deaths: number },
): string[] {
  const own = stored.commands.filter(({ log }) => log === `w:${id}` || log.startsWith(`r:${id}.`))
  const ids = new Set(own.map((command) => command.id))
  const events = [stored.events, ...stored.children.map((child) => child.events)].flat()
  const applied = (verb: string): number =>
    own.filter((command) => command.verb === verb && command.state === 'applied').length
  const faults = sent
    .filter((command) => !ids.has(command.id))
    .map(({ verb }) => `A command ${verb} is lost.`)
  for (const command of own) {
    const { verb, state, detail } = command
    // The ledger says itself that it took one up; what counts is how often an orchestrator did.
    const requested = countOf(
      events,
      'control.requested',
      ({ payload, stream }) => payload['commandId'] === command.id && !stream.startsWith('ledger:'),
    )
    if (requested > 1) faults.push(`A command ${verb} was taken ${requested} times.`)
    // One that was on its way when a page died is said to be unknown, and then has had no effect that was kept.
    const isUnknown = state === 'unknown' && requested === 0
    if (state !== 'applied' && state !== 'rejected' && !isUnknown)
      faults.push(`A command ${verb} ends as ${state}: ${detail}`)
  }
  const unknown = own.filter(({ state }) => state === 'unknown').length
  if (unknown > deaths) faults.push(`${unknown} commands are unknown after ${deaths} deaths.`)
  const always = (): boolean => true
  const started = countOf(stored.events, 'workflow.registered', always)
  const resumed = countOf(stored.events, 'workflow.attempt_started', always)
  const answers = countOf(events, 'question.settled', ({ payload }) => payload['answer'] === ANSWER)
  if (started !== 1) faults.push(`The workflow was registered ${started} times.`)
  if (applied('start') !== 1) faults.push(`It was started by ${applied('start')} commands.`)
  if (resumed !== applied('resume')) faults.push(`${applied('resume')} resumes opened ${resumed} attempts.`)
  if (answers !== 1 || applied('answer') !== 1) {
    faults.push(`${applied('answer')} answers settled ${answers} questions.`)
  }
  return faults
}

/** What plans relaunched of failed children, against the policy each was made by. */
function judgePolicy({ relaunches }: TrialEnd['seen']): string[] {
  const isAllowed = (policy: Permission | null, attempt: number): boolean =>
    policy === null || policy === 'always' || (typeof policy === 'object' && attempt <= policy.upTo)
  return relaunches
    .filter(({ entry, isAgreed }) => entry.reason === 'failed' && !isAgreed)
    .filter(({ entry, policy }) => !isAllowed(policy, entry.attempt ?? 1))
    .map(
      ({ entry, policy }) =>
        `${entry.id} was relaunched as attempt ${entry.attempt} against ${String(policy)}.`,
    )
}
