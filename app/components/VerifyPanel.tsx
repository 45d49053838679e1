/** Owns checking everything that is stored, in both copies, and saying what that found. */
import { useRunLedger, useTask } from 'run-ledger/react'
import type { Verification } from 'run-ledger'
import { count } from '../lib/format.ts'
import { ProgressBar } from './ProgressBar.tsx'

export function VerifyPanel({ onVerified }: { onVerified: () => void }) {
  const ledger = useRunLedger()
  const task = useTask<Verification>()

  async function verify(): Promise<void> {
    await task.start((onProgress) => ledger.verify(({ done, of }) => onProgress(of === 0 ? 1 : done / of)))
    onVerified()
  }

  return (
    <div className="verify" data-testid="verify-panel">
      <button type="button" className="button" disabled={task.running} onClick={() => void verify()}>
        {task.running ? 'Checking…' : 'Check everything'}
      </button>
      {task.running && <ProgressBar progress={task.progress} label="Checking" />}
      {task.error !== null && (
        <p className="note note-bad" role="alert">
          It could not be checked: {task.error}
        </p>
      )}
      {task.result !== null && (
        <p className="note" role="status" data-testid="verify-result" data-clean={isClean(task.result)}>
          {wordsOf(task.result)}
        </p>
      )}
    </div>
  )
}

const isClean = ({ repaired, unreadable, healing }: Verification): boolean =>
  repaired + unreadable + healing.restored.events + healing.damagedBytes === 0

function wordsOf(found: Verification): string {
  const { logs, events, repaired, unreadable, healing } = found
  const read = `${count(events, 'event')} of ${count(logs, 'run')} read in every copy.`
  if (isClean(found)) return `${read} Nothing is missing or damaged.`
  return [
    read,
    healing.restored.events > 0 &&
      `${count(healing.restored.events, 'event')} came back from the second copy.`,
    repaired > 0 && `${count(repaired, 'damaged piece')} put right from the second copy.`,
    healing.damagedBytes > 0 && 'The second copy was damaged and was written again.',
    unreadable > 0 && `${count(unreadable, 'event')} cannot be read in any copy.`,
  ]
    .filter((sentence) => sentence !== false)
    .join(' ')
}
