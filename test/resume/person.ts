/**
 * Owns the person of a trial: starts the workflow run, looks back when the page is there again, reads plans, resumes,
 * gives way and answers, until the run is complete. What was seen on the way is kept for the verdict.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlanEntry, ResumePlan } from '../../src/core/resume/plan.ts'
import type { Permission } from '../../src/core/resume/policy.ts'
import { hash, randomOf } from '../kill/workload.ts'
import type { Random } from '../kill/workload.ts'
import type { Host } from './host.ts'
import type { Life } from './lives.ts'
import { ANSWER, QUESTION } from './page/definition.ts'
import type { Outcome, SentCommand, StoredWorkflow } from './page/protocol.ts'
import type { TrialPlan } from './trials.ts'

const LOOK_EVERY_MS = 25
/** A person takes up to this long to answer. */
const LONGEST_THOUGHT_MS = 250

export interface Found {
  /** Children with a result on disk, and children of any kind. */
  finished: number
  begun: number
  /** Of the workflow run; null when there is none. */
  status: string | null
}

/** What a plan relaunched that was sent, and by which word. */
export interface Relaunch {
  entry: PlanEntry
  /** For failed children; null is the default. */
  policy: Permission | null
  isAgreed: boolean
}

/** What a person saw and did. */
export interface Seen {
  /** Children with a result, as they were each time the page came back. */
  kept: readonly { run: string; result: string; calls: number }[]
  /** Entries that plans blocked, with the calls of their runs when they were left. */
  left: Map<string, { entry: PlanEntry; calls: number }>
  relaunches: readonly Relaunch[]
  /** Times the policy had to be loosened. */
  loosened: number
  /** Entries about failed children that a person had to give way on. */
  gaveWay: number
  agreed: ReadonlySet<string>
  sent: readonly SentCommand[]
  /** Answers of the library that were no success, and how often. */
  refusals: Readonly<Record<string, number>>
  faults: readonly string[]
}

export type Person = ReturnType<typeof createPerson>

export function createPerson(host: Host, plan: TrialPlan, deadline: number) {
  const { id, failures } = plan
  const random: Random = randomOf(hash(`${plan.seed}/person`))
  const kept: { run: string; result: string; calls: number }[] = []
  const left: Seen['left'] = new Map()
  const relaunches: Relaunch[] = []
  /** What may become of failed children; null is the default. */
  let failed = failures?.policy ?? null
  let loosened = 0
  let gaveWay = 0
  const agreed = new Set<string>()
  const sent: SentCommand[] = []
  const refusals: Record<string, number> = {}
  const faults: string[] = []
  let last = 'nothing'
  let readyAt = 0
  let endedAt = 0

  const callsOf = (run: string): number => host.calls(run).filter((call) => call.run === run).length

  function take<Value>(what: string, outcome: Outcome<Value>): Value | null {
    last = outcome.ok ? what : `${what}: ${outcome.name}: ${outcome.message}`
    if (outcome.ok) return outcome.value
    refusals[last] = (refusals[last] ?? 0) + 1
    return null
  }

  const read = async (life: Life): Promise<StoredWorkflow> =>
    JSON.parse(
      await life.call((page) => page.evaluate((run) => window.resume.stored(run), id)),
    ) as StoredWorkflow

  /** What was on disk when the page came back, before a person did anything. */
  async function lookBack(life: Life): Promise<void> {
    const { children, status } = await read(life)
    const finished = children.filter((child) => child.status === 'completed')
    for (const { id: run, result } of finished) {
      if (result === null) faults.push(`The result of ${run} does not resolve.`)
      else kept.push({ run, result, calls: callsOf(run) })
    }
    person.looked({ finished: finished.length, begun: children.length, status })
  }

  async function goOn(life: Life): Promise<void> {
    const made = await life.call((page) =>
      page.evaluate(([run, given]) => window.resume.plan(run, given), [
        id,
        { policy: failed === null ? {} : { failed }, agreed: [...agreed] },
      ] as const),
    )
    const resumePlan = take<ResumePlan>('plan', made)
    if (resumePlan === null) return
    const { refusal, entries } = resumePlan
    if (refusal !== null) take('plan', { ok: false, name: 'refusal', message: refusal })
    // A person first lets the rest be done, and gives way on what is blocked when nothing else is left.
    const blocked = entries.filter(({ action }) => action === 'blocked')
    const known = blocked.filter((entry) => left.has(entry.id))
    for (const entry of blocked) {
      if (!left.has(entry.id)) left.set(entry.id, { entry, calls: callsOf(entry.runId ?? '') })
    }
    if (blocked.length > 0 && (refusal !== null || known.length === blocked.length)) {
      for (const entry of blocked) giveWay(entry)
      return
    }
    if (refusal !== null) return
    const outcome = await life.call((page) =>
      // As text: Playwright's types do not get to the end of plain JSON.
      page.evaluate((given) => window.resume.resume(JSON.parse(given) as never), JSON.stringify(resumePlan)),
    )
    const command = take('resume', outcome)
    if (command === null) return
    sent.push(command)
    relaunches.push(
      ...entries
        .filter(({ action }) => action === 'relaunch')
        .map((entry) => ({ entry, policy: failed, isAgreed: agreed.has(entry.id) })),
    )
  }

  /** Agrees, or where that is not enough, loosens the policy. */
  function giveWay(entry: PlanEntry): void {
    const before = left.get(entry.id)?.calls ?? 0
    const now = callsOf(entry.runId ?? '')
    if (now !== before)
      faults.push(`${entry.id} was blocked (${entry.reason}) and made ${now - before} calls.`)
    left.delete(entry.id)
    if (entry.reason !== 'unknown-outcome') gaveWay += 1
    if (entry.canAgree) agreed.add(entry.id)
    else if (entry.reason === 'not-allowed' && failed !== 'always') {
      failed = 'always'
      loosened += 1
    } else if (entry.reason !== 'not-allowed') {
      faults.push(`${entry.id} is blocked for good: ${entry.message}`)
    }
  }

  /** A person at the page: starts, resumes and answers until the run is complete. @throws DeadPage */
  async function drive(life: Life): Promise<void> {
    await life.ready()
    await lookBack(life)
    readyAt = Date.now()
    const answered = new Set<string>()
    for (;;) {
      if (Date.now() > deadline) throw new Error(`${id} does not come to an end; last: ${last}.`)
      const shown = await life.call((page) => page.evaluate((run) => window.resume.shown(run), id))
      if (shown.status === 'completed') {
        endedAt = Date.now()
        return
      }
      const question = shown.questions.find(
        ({ questionId, attempt }) => !answered.has(`${attempt}/${questionId}`),
      )
      const isDriven =
        shown.status !== null &&
        (await life.call((page) => page.evaluate((run) => window.resume.isDriven(`w:${run}`), id)))
      if (question !== undefined && (isDriven || random.below(2) === 0)) {
        answered.add(`${question.attempt}/${question.questionId}`)
        await sleep(random.below(LONGEST_THOUGHT_MS))
        const { log, questionId } = question
        const outcome = await life.call((page) =>
          page.evaluate(([run, asked, word]) => window.resume.answer(run, asked, word), [
            log,
            questionId,
            ANSWER,
          ] as const),
        )
        const command = take('answer', outcome)
        if (command !== null) sent.push(command)
      } else if (shown.status === null && shown.pending.length === 0) {
        const outcome = await life.call((page) =>
          page.evaluate(([run, asked]) => window.resume.start(run, { question: asked }), [
            id,
            QUESTION,
          ] as const),
        )
        const command = take('start', outcome)
        if (command !== null) sent.push(command)
      } else if (!isDriven && shown.pending.length === 0) {
        await goOn(life)
      }
      await sleep(LOOK_EVERY_MS)
    }
  }

  const person = {
    drive,
    read,
    hear: (life: Life): void => void faults.push(...life.errors()),
    looked: (_found: Found): void => {},
    workedMs: (): number => endedAt - readyAt,
    seen: (): Seen => ({ kept, left, relaunches, loosened, gaveWay, agreed, sent, refusals, faults }),
  }
  return person
}
