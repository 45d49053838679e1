/**
 * Owns what a person said that lets a run do something again, by what is in the outbox and by what orchestrators said
 * they carried out: commands for the run itself, and plans in which somebody agreed to have it again.
 */
import type { RunCommand } from '../../src/core/commands.ts'
import { runLog, workflowLog } from '../../src/core/ids.ts'
import type { ResumeOrder } from '../../src/core/resume/order.ts'
import type { RunRecord } from '../../src/core/entities.ts'
import type { ResumeWorld } from './resumeWorld.ts'

const AGAIN: ReadonlySet<string> = new Set(['retry', 'resume', 'follow_up'])

/** What took effect. One that was refused, or never arrived, is nobody's word. */
export async function wordsOf(world: ResumeWorld): Promise<Words> {
  const said = new Set(
    [...world.said.values()].flat().flatMap(({ type, payload }) => {
      const { commandId = '', state } = payload as { commandId?: string; state?: string }
      return type === 'control.settled' && state === 'applied' ? [commandId] : []
    }),
  )
  const commands = await world.onlooker.listCommands()
  return new Words(
    commands.filter(({ id, state }) => state === 'applied' || said.has(id)),
    world.agreed,
  )
}

export class Words {
  readonly #applied: readonly RunCommand[]
  readonly #agreed: ReadonlySet<string>

  constructor(applied: readonly RunCommand[], agreed: ReadonlySet<string>) {
    this.#applied = applied
    this.#agreed = agreed
  }

  /** Commands for the run itself. */
  direct(runId: string): ReadonlySet<string> {
    const log = runLog(runId)
    const own = this.#applied.filter((command) => command.log === log && AGAIN.has(command.verb))
    return new Set(own.map(({ id }) => id))
  }

  /** Attempts of it that somebody agreed to see followed by another. */
  agreed({ run }: RunRecord): readonly number[] {
    if (run.workflowRunId === null || !this.#agreed.has(run.id)) return []
    const log = workflowLog(run.workflowRunId)
    return this.#applied.flatMap(({ log: of, verb, payload }) => {
      if (of !== log || verb !== 'resume' || payload === null) return []
      const { children } = payload as unknown as ResumeOrder
      const again = children.filter(({ runId, action }) => runId === run.id && action.kind === 'relaunch')
      return again.map(({ attempt }) => attempt)
    })
  }

  /** How often somebody wanted it to be done again. */
  count(record: RunRecord): number {
    return this.direct(record.run.id).size + this.agreed(record).length
  }
}
