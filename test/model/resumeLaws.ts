/**
 * Owns what must be true of the resume model's world at every moment and at its end, by what lies on disk, by what
 * the host counted and by what orchestrators said. Remembers what was seen before. SPEC C1, F4, O1, R1, R3, W2.
 */
import { refold } from '../../src/core/accept.ts'
import { decodeCheckpoint } from '../../src/core/checkpoint.ts'
import { streamOf } from '../../src/core/epoch.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { AgentRun, LogRecord, RunEvent, RunRecord, Text } from '../../src/core/entities.ts'
import { eventIdentity, idOfLog } from '../../src/core/ids.ts'
import type { LogId } from '../../src/core/ids.ts'
import { isSettled } from '../../src/core/status.ts'
import { ALL } from '../../src/testing/conformance/context.ts'
import { at } from '../../src/state/table.ts'
import { misspoken } from './resumeSaid.ts'
import { wordsOf } from './resumeWords.ts'
import type { Words } from './resumeWords.ts'
import { writtenUnasked } from './resumeWrites.ts'
import type { ResumeWorld } from './resumeWorld.ts'

interface Seen {
  attempt: number
  status: string
  inferred: boolean
}

/** A completed child with a result: how many calls everybody had made by then, and how often somebody asked for more. */
interface Paid {
  at: number
  words: number
}

export class Laws {
  readonly #world: ResumeWorld
  readonly #seen = new Map<LogId, Seen>()
  readonly #paid = new Map<string, Paid>()

  constructor(world: ResumeWorld) {
    this.#world = world
  }

  /** What does not hold now. */
  async broken(): Promise<readonly string[]> {
    const world = this.#world
    const records = await world.records()
    const words = await wordsOf(world)
    const wrong = [
      ...world.wrong,
      ...this.plans(),
      ...[...world.said].flatMap(([epoch, events]) => misspoken(epoch, events)),
      ...(await this.#appliedTwice()),
      ...this.#answeredTwice(),
    ]
    for (const record of records) {
      const made = writesOf(world, record)
      const events = await world.onlooker.readEvents(record.log, { after: 0, limit: ALL })
      wrong.push(...this.#fold(record, events), ...this.#final(record))
      if (record.entity !== 'run') continue
      wrong.push(
        ...(await this.#paidTwice(record, records, words)),
        ...writtenUnasked(record, events, made, words),
      )
    }
    return wrong
  }

  /** W2: the row is the fold of what is stored; W5: each event once. */
  #fold(record: LogRecord, events: readonly RunEvent[]): readonly string[] {
    const { log } = record
    const head = lifecycleOf(record).lastSequence
    const wrong: string[] = []
    if (events.some(({ sequence }, index) => sequence !== index + 1)) wrong.push(`W1 ${log} has a hole`)
    if (new Set(events.map(eventIdentity)).size !== events.length)
      wrong.push(`W5 ${log} holds an event twice`)
    // A page may write between the two readings.
    const folded = refold(events.slice(0, head))?.record
    if (JSON.stringify(folded) !== JSON.stringify(record)) wrong.push(`W2 the row of ${log} is not its fold`)
    return wrong
  }

  /** F4: settled is final within an attempt, but for what was inferred. */
  #final(record: LogRecord): readonly string[] {
    const { attempt, status, inferred } = lifecycleOf(record)
    const before = this.#seen.get(record.log)
    this.#seen.set(record.log, { attempt, status, inferred })
    if (before === undefined) return []
    if (attempt < before.attempt) return [`F4 ${record.log} went back to attempt ${attempt}`]
    const isSame = before.status === status && before.inferred === inferred
    if (attempt > before.attempt || isSame || !isSettled(before.status as typeof status)) return []
    const isOwners = before.inferred && !inferred && isSettled(status)
    return isOwners ? [] : [`F4 ${record.log}: ${before.status} became ${status}`]
  }

  /** R1: what is completed and can be read is never worked on again, under whatever id, unless a person says so. */
  async #paidTwice(
    record: RunRecord,
    records: readonly LogRecord[],
    words: Words,
  ): Promise<readonly string[]> {
    const { log, run } = record
    const { calls } = this.#world.host
    const count = words.count(record)
    const paid = this.#paid.get(run.id)
    if (paid !== undefined && paid.words === count) {
      const twins = records.filter((each) => isTwin(each, run) && words.direct(idOfLog(each.log)).size === 0)
      const ids = new Set([run.id, ...twins.map((each) => idOfLog(each.log))])
      const more = calls.slice(paid.at).filter(({ runId }) => ids.has(runId)).length
      return more > 0 ? [`R1 ${log} was completed, and its work was done again in ${more} calls`] : []
    }
    this.#paid.delete(run.id)
    if (run.status !== 'completed' || run.result === null) return []
    const isDamaged = this.#world.damaged.has(run.id)
    if (!isDamaged && (await this.textOf(run.result)) === null) {
      return [`W6 the result of ${log} does not resolve`]
    }
    this.#paid.set(run.id, { at: calls.length, words: count })
    return []
  }

  /**
   * O1: by what the orchestrators said, whoever heard it, a command was carried out once in all. But for a start and
   * an answer of which nothing ever reached the disk: they went down with their page, and are made again under the same id.
   */
  async #appliedTwice(): Promise<readonly string[]> {
    const repeatable = new Set(
      (await this.#world.onlooker.listCommands()).flatMap((each) =>
        each.verb === 'start' || each.verb === 'answer' ? [each.id] : [],
      ),
    )
    const applied = new Map<string, number>()
    for (const [epoch, events] of this.#world.said) {
      const reached = (await this.#world.onlooker.readCursor(streamOf(epoch).id))?.position ?? 0
      for (const { type, payload, position } of events) {
        const { commandId = '', state } = payload as { commandId?: string; state?: string }
        const isLost = repeatable.has(commandId) && Number(position) > reached
        if (type === 'control.settled' && state === 'applied' && !isLost)
          applied.set(commandId, (applied.get(commandId) ?? 0) + 1)
      }
    }
    return [...applied]
      .filter(([, times]) => times > 1)
      .map(([id, times]) => `O1 ${id} took effect ${times} times`)
  }

  /** O1: within one life of an orchestrator a question is answered once, whoever pressed the button how often. */
  #answeredTwice(): readonly string[] {
    return [...this.#world.said].flatMap(([epoch, events]) => {
      const answers = events.flatMap(({ log, type, payload }) =>
        type === 'question.settled' ? [`${log} ${(payload as { questionId: string }).questionId}`] : [],
      )
      const attempts = events.filter(({ type }) => type === 'run.attempt_started').length
      return new Set(answers).size + attempts < answers.length ? [`O1 ${epoch} took an answer twice`] : []
    })
  }

  /** R2: every entry is there once, says why, and a plan with something in the way is not called safe. */
  plans(): readonly string[] {
    return this.#world.plans.flatMap((plan) => {
      const { entries, workflowRunId, isSafe, heads } = plan
      const wrong: string[] = []
      if (new Set(entries.map(({ id }) => id)).size !== entries.length) wrong.push('an entry is there twice')
      if (entries.some(({ message }) => !/^\S.*\.$/s.test(message))) wrong.push('an entry does not say why')
      if (isSafe && entries.some(({ action }) => action === 'blocked')) wrong.push('it is called safe')
      for (const { runId } of entries)
        if (runId !== null && heads[`r:${runId}`] === undefined) wrong.push(`${runId} has no head`)
      if (heads[`w:${workflowRunId}`] === undefined) wrong.push('its workflow has no head')
      return wrong.map((each) => `R2 the plan of ${workflowRunId}: ${each}`)
    })
  }

  /** At rest every tab shows what is on disk. */
  async shown(): Promise<readonly string[]> {
    const records = await this.#world.records()
    return this.#world.tabs.flatMap((tab) =>
      records.flatMap((record) => {
        const shown = at(tab.state().runs.records, record.log)
        const isEqual = shown === undefined || JSON.stringify(shown) === JSON.stringify(record)
        return isEqual ? [] : [`T1 page ${tab.epoch} shows ${record.log} as it is not`]
      }),
    )
  }

  /** O1: at rest, a stop that took effect has ended its run. */
  async stopped(): Promise<readonly string[]> {
    const records = new Map((await this.#world.records()).map((record) => [record.log, lifecycleOf(record)]))
    const commands = await this.#world.onlooker.listCommands()
    return commands.flatMap(({ id, log, verb, state, attempt }) => {
      const run = records.get(log)
      if (verb !== 'stop' || state !== 'applied' || run === undefined || run.attempt > attempt) return []
      return isSettled(run.status) ? [] : [`O1 ${log} is ${run.status}, stopped by ${id}`]
    })
  }

  /** Nobody drives anything: what is not settled can be continued, and waits for a person. */
  async stuck(): Promise<readonly string[]> {
    const runs = await this.#world.runs()
    const usable = new Set<string>()
    for (const { run } of runs) {
      const text = run.checkpoint === null ? null : await this.textOf(run.checkpoint.state)
      const expected = { runId: run.id, agentId: run.agentId, contentKey: run.contentKey }
      if (text !== null && decodeCheckpoint(text, expected).ok) usable.add(run.id)
    }
    const canGoOn = (record: LogRecord): boolean => {
      const { status } = lifecycleOf(record)
      if (status !== 'awaiting_user' && status !== 'paused') return false
      if (record.entity === 'run') return usable.has(record.run.id)
      return runs.some(({ run }) => run.workflowRunId === record.workflow.id && usable.has(run.id))
    }
    return (await this.#world.records()).flatMap((record) => {
      const { status } = lifecycleOf(record)
      return isSettled(status) || canGoOn(record) ? [] : [`C ${record.log} is ${status} for ever`]
    })
  }

  /** O1: every command ends in a state a person can read. */
  async unsettled(): Promise<readonly string[]> {
    const ends: ReadonlySet<string> = new Set(['applied', 'rejected', 'expired', 'unknown'])
    const commands = await this.#world.onlooker.listCommands()
    return commands
      .filter(({ state }) => !ends.has(state))
      .map(({ id, verb, log, state }) => `O1 ${verb} of ${log} (${id}) stays ${state}`)
  }

  /** What a completed run hands on, as it reads back. */
  async resultOf(log: LogId): Promise<string | null> {
    const record = (await this.#world.runs()).find((each) => each.log === log)
    return this.textOf(record?.run.result ?? null)
  }

  async textOf(text: Text | null): Promise<string | null> {
    if (text === null) return null
    return text.ref === null ? text.preview : this.#world.onlooker.readBlob(text.ref)
  }
}

const writesOf = ({ host }: ResumeWorld, { log }: LogRecord): number =>
  host.of(idOfLog(log)).filter(({ name }) => name === 'send').length

/** Another run for the same work: no two items of the model are alike. */
const isTwin = (record: LogRecord, { id, workflowRunId, contentKey }: AgentRun): boolean =>
  record.entity === 'run' &&
  record.run.id !== id &&
  record.run.workflowRunId === workflowRunId &&
  record.run.contentKey === contentKey
