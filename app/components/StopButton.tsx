/** Owns stopping a run: the button, why it cannot be pressed, and what went wrong. */
import { useId } from 'react'
import { useRunActions } from 'run-ledger/react'
import type { LogId } from 'run-ledger'

export function StopButton({ log, settled }: { log: LogId; settled: boolean }) {
  const { stop } = useRunActions(log)
  const id = useId()
  // A run that is over needs no explanation next to a button nobody misses.
  const said = stop.error ?? (settled ? null : stop.whyNot)
  return (
    <div className="stop">
      <button
        type="button"
        className="button"
        data-testid="stop-button"
        disabled={!stop.can || stop.pending}
        title={stop.whyNot ?? undefined}
        aria-describedby={said === null ? undefined : id}
        onClick={() => void stop.run()}
      >
        {stop.pending ? 'Stopping…' : 'Stop'}
      </button>
      {said !== null && (
        <span id={id} className={stop.error === null ? 'note' : 'note note-bad'}>
          {said}
        </span>
      )}
    </div>
  )
}
