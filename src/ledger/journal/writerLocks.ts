/**
 * Owns who is alive among the writers of a scope, and that only one of them compacts: both are locks, which end
 * with the page that holds them.
 */
import { scopeName } from '../../core/ids.ts'
import type { Locks } from '../../core/ports.ts'

const writerPrefix = (scope: string): string => `run-ledger:${scopeName(scope)}:journal:writer:`
const compactorLock = (scope: string): string => `run-ledger:${scopeName(scope)}:journal:compactor`

export interface Claim {
  /** Holds the writer's lock from now on. */
  take(): void
  drop(): void
}

export function claimWriter(locks: Locks, scope: string, writer: string): Claim {
  let held: Promise<() => void> | null = null
  return {
    take() {
      // Where locks are refused nobody compacts, so nobody needs to know that this writer lives.
      held ??= locks.hold(writerPrefix(scope) + writer).catch(() => () => {})
    },
    drop() {
      void held?.then((release) => release())
      held = null
    },
  }
}

/** Runs `work` with the writers that are alive; null when somebody compacts already or nobody's death can be told. */
export async function withCompactor<Value>(
  locks: Locks,
  scope: string,
  work: (living: readonly string[]) => Promise<Value>,
): Promise<Value | null> {
  const before = await locks.held()
  if (before === null || before.has(compactorLock(scope))) return null
  const release = await locks.hold(compactorLock(scope))
  try {
    const prefix = writerPrefix(scope)
    const names = [...((await locks.held()) ?? before)]
    return await work(
      names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    )
  } finally {
    release()
  }
}
