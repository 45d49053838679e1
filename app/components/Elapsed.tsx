/** Owns clocks: ticking while something is live, frozen at its length afterwards. */
import { formatElapsed, formatSeconds } from '../lib/format.ts'
import { useNow } from '../lib/now.ts'

interface ElapsedProps {
  startedAt: number
  /** When it ended, or was last heard of; null while it is live. */
  endedAt: number | null
}

export function Elapsed({ startedAt, endedAt }: ElapsedProps) {
  const now = useNow(endedAt === null)
  const text = endedAt === null ? formatSeconds(now - startedAt) : formatElapsed(endedAt - startedAt)
  return (
    <span className="elapsed" data-live={endedAt === null}>
      {text}
    </span>
  )
}

/** A run's own. Of one that was told of once, when it was over, nobody knows how long it took. */
export function RunElapsed({ startedAt, endedAt }: ElapsedProps) {
  if (endedAt !== startedAt) return <Elapsed startedAt={startedAt} endedAt={endedAt} />
  return (
    <span className="elapsed" title="Nobody told how long it took.">
      —
    </span>
  )
}

/** Where the clock of a run stops. */
export function endOf(run: {
  completedAt: number | null
  updatedAt: number
  unconfirmed: boolean
}): number | null {
  return run.completedAt ?? (run.unconfirmed ? run.updatedAt : null)
}
