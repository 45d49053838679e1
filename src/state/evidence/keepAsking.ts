/**
 * Owns looking again: at runs that nobody vouched for, at commands that wait, and at those whose time is over.
 */
import { isFinal } from '../commands/states.ts'
import { expireCommands, resumeOutbox } from '../commands/outbox.ts'
import { reconcileRuns } from './reconcileRuns.ts'
import type { Runtime } from '../runtime.ts'
import { keysOf } from '../table.ts'

/** How long to wait before asking again about runs that nobody vouched for; the last one repeats. */
const ASK_AGAIN_MS = [250, 1_000, 3_000, 10_000, 30_000] as const

/**
 * Asks again, sooner while there are unconfirmed runs: the worker of a page that was just reloaded may hold its lock
 * a moment longer, and another tab that owns a run may be closed at any time. Gives back how to stop.
 */
export function keepAsking(runtime: Runtime): () => void {
  let stopped = false
  let cancel = (): void => {}
  const wait = (round: number): void => {
    const ms = ASK_AGAIN_MS[Math.min(round, ASK_AGAIN_MS.length - 1)] ?? 0
    cancel = runtime.clock.setTimeout(() => void ask(round), ms)
  }
  const ask = async (round: number): Promise<void> => {
    await expireCommands(runtime).catch(() => {})
    const waiting = isWaiting(runtime)
    // Also when nothing is known to wait: a page may have died before it could say what it had written.
    await lookAgain(runtime)
    if (!stopped) wait(waiting ? round + 1 : ASK_AGAIN_MS.length)
  }
  wait(0)
  return () => {
    stopped = true
    cancel()
  }
}

/** What failed is tried at the next look. */
export async function lookAgain(runtime: Runtime): Promise<void> {
  await reconcileRuns(runtime).catch(() => {})
  await resumeOutbox(runtime).catch(() => {})
}

/** Whether there are runs or commands whose owner or sender may be gone. */
function isWaiting({ getState, page }: Runtime): boolean {
  const { unconfirmed, followed, commands } = getState().runs
  if (keysOf(unconfirmed).length > 0 || keysOf(followed).length > 0) return true
  return Object.values(commands).some(
    (command) => !isFinal(command) && (command.sender !== page || command.state === 'queued'),
  )
}
