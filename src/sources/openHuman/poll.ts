/**
 * Owns when the core is asked again: only while the page is seen, sooner while something is under way, later while it
 * fails. Nothing here knows what is asked.
 */
import type { Clock } from '../../core/ports.ts'
import { isUnknownMethod, messageOf } from './rpc.ts'

export interface Task {
  /** From one time that went well to the next; asked at each look, so that what begins meanwhile is followed soon. */
  everyMs(): number
  run(): Promise<void>
}

export interface PollOptions {
  clock: Clock
  /** How often is looked whether something is due. */
  pollMs: number
  visible: () => boolean
  tasks: readonly Task[]
  /** What the last round failed at; null when it went well. */
  failed(reason: string | null): void
}

export interface Polling {
  /** At the next look, whatever the time; a method that was missing is tried again. */
  soon(): void
  stop(): void
}

const MOST_MS = 60_000

interface Planned {
  task: Task
  /** Null: at the next look. */
  doneAt: number | null
  failures: number
  /** This core does not have it. */
  missing: boolean
}

function isDue({ task, doneAt, failures }: Planned, now: number): boolean {
  if (doneAt === null) return true
  const every = task.everyMs()
  return now >= doneAt + (failures === 0 ? every : Math.min(every * 2 ** Math.min(failures, 5), MOST_MS))
}

export function startPolling({ clock, pollMs, visible, tasks, failed }: PollOptions): Polling {
  const plan = tasks.map((task): Planned => ({ task, doneAt: null, failures: 0, missing: false }))
  let cancel = (): void => {}
  let stopped = false
  let isWorking = false

  async function look(): Promise<void> {
    isWorking = true
    let reason: string | null | undefined
    for (const planned of visible() ? plan : []) {
      if (stopped || planned.missing || !isDue(planned, clock.monotonic())) continue
      const problem = await attempt(planned)
      reason = reason ?? problem
    }
    isWorking = false
    if (stopped) return
    if (reason !== undefined) failed(reason)
    wait(pollMs)
  }

  async function attempt(planned: Planned): Promise<string | null> {
    const { task } = planned
    try {
      await task.run()
      planned.failures = 0
      return null
    } catch (error) {
      planned.missing = isUnknownMethod(error)
      planned.failures += 1
      return planned.missing ? null : messageOf(error)
    } finally {
      planned.doneAt = clock.monotonic()
    }
  }

  function wait(ms: number): void {
    cancel = clock.setTimeout(() => void look(), ms)
  }

  wait(0)
  return {
    soon() {
      for (const planned of plan) Object.assign(planned, { doneAt: null, failures: 0, missing: false })
      if (stopped || isWorking) return
      cancel()
      wait(0)
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}
