/**
 * Owns waiting for work that one page does at a time: a page that was frozen in the middle of it keeps its lock, so
 * after a while the lock is taken by force, and its former holder is told.
 */
import type { Runtime } from '../runtime.ts'

export async function holdPatiently(
  { locks, clock }: Pick<Runtime, 'locks' | 'clock'>,
  name: string,
  patienceMs: number,
  onLost: () => void = () => {},
): Promise<() => void> {
  const patience = new AbortController()
  const cancel = clock.setTimeout(() => patience.abort(), patienceMs)
  try {
    return await locks.hold(name, { signal: patience.signal, onLost })
  } catch (error) {
    if (!patience.signal.aborted) throw error
    return await locks.hold(name, { steal: true, onLost })
  } finally {
    cancel()
  }
}
